/** The page in a real browser, against a real gateway; pulse is played by the test, so that it says what a test needs. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { backbeat, CallError, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { playBeat } from './played-beat.ts';
import { CLUSTER, runGateway, type RunningGateway, token } from './running-gateway.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = BROWSERS.find((path) => existsSync(path));
const PAGE = fileURLToPath(new URL('../page/vite.config.ts', import.meta.url));
const HOSTILE = '<img src=x onerror="document.title=1">';
const TEMPO_BPM = 240;

type Change = RequestOf<typeof backbeat.setTempo>;
type Answer = ReplyOf<typeof backbeat.setTempo>;

// Without a browser on the machine there is nothing to look with.
describe.skipIf(executablePath === undefined)('in a browser', () => {
  let run: RunningGateway;
  let browser: Browser;
  let answer: (change: Change) => Answer;
  const asked: Change[] = [];
  const pageDirectory = mkdtempSync(join(tmpdir(), 'whoosh-built-page-'));

  const running = new AsyncDisposableStack();

  beforeAll(async () => {
    running.defer(() => rmSync(pageDirectory, { recursive: true, force: true }));
    const outDir = { outDir: pageDirectory, emptyOutDir: true };
    await build({ configFile: PAGE, logLevel: 'error', build: outDir });
    run = running.use(await runGateway({}, pageDirectory));
    playPulse(run, asked, (change) => answer(change));
    await run.other.flush();
    running.use(playBeat(run.other, { cluster: CLUSTER, bpm: TEMPO_BPM }));
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    running.defer(() => browser.close());
  });
  afterAll(() => running.disposeAsync());

  async function open(role: 'admin' | 'user') {
    const context = await browser.newContext({
      viewport: { width: 1_200, height: 900 },
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    const foreign: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== run.url) foreign.push(request.url());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // Calls that nobody answers here are refused with 503, which a browser prints by itself.
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        complaints.push(message.text());
    });
    await page.goto(`${run.url}/#token=${await token(role)}`);
    await page.locator('.tabs a[href="#backbeat"]').click();
    await page.locator('.pulse-nodes tbody tr').first().waitFor();
    return { page, foreign, complaints, [Symbol.asyncDispose]: () => context.close() };
  }
  const change = async (page: Page, bpm: string) => {
    await page.getByLabel('New tempo, BPM').fill(bpm);
    await page.getByRole('button', { name: 'Change tempo' }).click();
  };
  const outcome = (page: Page) => page.locator('.outcome').textContent();

  test('shows the cluster, the objectives and the beat; asks nobody else; hostile text stays text', async () => {
    await using opened = await open('user');
    const { page, foreign, complaints } = opened;
    const rows = await page.locator('.pulse-nodes tbody tr').allTextContents();
    expect(rows).toHaveLength(2);
    expect(rows[0]).toContain('leader');
    expect(rows[1]).toContain('silent');
    expect(await page.locator('.pulse-nodes .reason').textContent()).toBe(HOSTILE);
    expect(await page.locator('.objectives').textContent()).toContain('not met');
    await page.locator('.beat-figures', { hasText: String(TEMPO_BPM) }).waitFor();
    const report = page.locator('.backbeat table', { hasText: 'Beats' }).locator('.issues .error');
    expect(await report.getAttribute('title')).toBe(HOSTILE);
    expect(await page.locator('.plot').count()).toBe(3);
    expect(await page.locator('.tempo-form').count()).toBe(0);
    expect(await page.locator('img').count()).toBe(0);
    expect([foreign, complaints]).toEqual([[], []]);
  });

  test('an admin changes the tempo: taken, refused with what is allowed, and not to be had', async () => {
    await using opened = await open('admin');
    const { page, complaints } = opened;
    const taken = (bpm: number): Answer => ({
      tempo_bpm: bpm,
      target_bpm: bpm,
      at_beat: 1_234,
      at: '2026-03-01T09:30:02.000Z',
      ramp: false,
    });
    answer = ({ tempo_bpm: bpm, ramp }) => {
      if (bpm <= 264 || ramp) return { ...taken(bpm), ramp };
      throw new CallError('conflict', `the tempo may go to 216 … 264 BPM ${HOSTILE}`, {
        details: { tempo_bpm: TEMPO_BPM, min_bpm: 216, max_bpm: 264 },
      });
    };
    await page.getByLabel('Reason').fill('a test');
    await change(page, '250');
    await page.getByText('Taken: 250 BPM').waitFor();
    expect(await outcome(page)).toContain('beat 1,234');
    expect(asked.at(-1)).toEqual({ tempo_bpm: 250, ramp: false, reason: 'a test' });

    await change(page, '400');
    const offers = page.locator('.offers button');
    await offers.first().waitFor();
    expect(await offers.allTextContents()).toEqual(['216 BPM', '264 BPM', 'Ramp to 400 BPM']);
    expect(await outcome(page)).toContain(HOSTILE);
    await offers.nth(1).click();
    await page.getByText('Taken: 264 BPM').waitFor();
    await change(page, '400');
    await offers.nth(2).click();
    await until(() => asked.at(-1)?.ramp === true, { describe: 'the ramp' });

    answer = () => {
      throw new CallError('unavailable', 'the cluster has no leader');
    };
    await change(page, '250');
    await page.getByText('the cluster has no leader').waitFor();

    // On the screen of a telephone nothing sticks out, and every field has a name.
    await page.setViewportSize({ width: 400, height: 800 });
    // As a string: it runs in the page, whose globals are none of this file's.
    await page.waitForFunction('document.documentElement.scrollWidth === 400');
    for (const name of ['New tempo, BPM', 'Reason']) expect(await page.getByLabel(name).count()).toBe(1);
    expect(await page.getByRole('checkbox').count()).toBe(1);
    expect(complaints).toEqual([]);
  });
});

function playPulse(run: RunningGateway, asked: Change[], answer: (change: Change) => Answer): void {
  const at = { cluster: CLUSTER };
  const status: backbeat.PulseStatus = {
    cluster: CLUSTER,
    node: 'n1',
    role: 'leader',
    term: 7,
    leader: 'n1',
    epoch: 1,
    beat_index: 8,
    phase: 'planning',
    downbeat: true,
    tempo_bpm: TEMPO_BPM,
    target_bpm: TEMPO_BPM,
    ramp: null,
    tempo_range: { min_bpm: 216, max_bpm: 264 },
    ramp_range: { min_bpm: 0.1, max_bpm: 1_000 },
    bar_length: 4,
    window_id: null,
    hlc: '0000:0000:0000',
    drift_ms: 0.2,
    jitter_ms: { p50: 0.1, p95: 0.2, p99: 0.3 },
    degraded: true,
    reason: HOSTILE,
    peers: [
      { id: 'n1', address: '10.0.0.1:7420', connected: true, self: true },
      { id: 'n2', address: '10.0.0.2:7420', connected: false, self: false },
    ],
    nats: [{ server: 'nats://10.0.0.1:4222', connected: true }],
    slo: { delivery: true, jitter: false },
    uptime_seconds: 5,
  };
  const { other } = run;
  other.serveAt(backbeat.getPulseStatus.subject.at(at), backbeat.getPulseStatus, async () =>
    Promise.resolve(status),
  );
  other.serveAt(backbeat.setTempo.subject.at(at), backbeat.setTempo, async (change) => {
    asked.push(change);
    return Promise.resolve(answer(change));
  });
  const report: backbeat.BarReport = {
    type: 'backbeat.barreport.v1',
    window_id: 'a'.repeat(32),
    from_beat: 0,
    to_beat: 3,
    agents_reporting: 3,
    on_time_reviews: 1,
    help_promises_fulfilled: 0,
    secret_rotations_ok: true,
    tempo_drift_ms: 0.4,
    issues: [{ severity: 'error', category: 'invalid_claims', count: 2, description: HOSTILE }],
  };
  const recorded_at = '2026-03-01T09:30:00.000Z';
  other.serveAt(backbeat.listReports.subject.at(at), backbeat.listReports, async () =>
    Promise.resolve({ items: [{ cluster_id: CLUSTER, report, recorded_at }], next_before_beat: null }),
  );
}

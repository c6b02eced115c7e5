/**
 * `make chaos PART=nemesis`: real pulses, brokers and reverbs under faults by seed, every frame recorded. Each round lives in namespaces of
 * its own (network, processes, mounts), which vanish with it. Needs Linux with `unshare`, `ip` and `mount`, and the right to make
 * namespaces (root, or user namespaces).
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { natsServerBinary } from '@whoosh/devkit';

const INSIDE = fileURLToPath(new URL('nemesis-inside.ts', import.meta.url));
const seed = Number(process.env['SEED'] ?? 1);
const rounds = Number(process.env['ROUNDS'] ?? 3);
const faults = Number(process.env['FAULTS'] ?? 28);

const NAMESPACES = [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--mount-proc',
  '--kill-child',
];

const missing = whatIsMissing();
if (missing !== undefined) {
  console.log(`  FAIL nemesis: ${missing}`);
  process.exit(1);
}
// Found here: inside there is no network to fetch it from.
process.env['NATS_SERVER_BIN'] = await natsServerBinary();
let failed = 0;
for (let round = 0; round < rounds; round += 1) {
  const own = seed + round;
  const what = `nemesis seed ${own}`;
  console.log(`  …    ${what}`);
  if (await play(own)) console.log(`  ok   ${what}`);
  else {
    failed += 1;
    console.log(`  FAIL ${what}: replay with make chaos PART=nemesis SEED=${own} ROUNDS=1 FAULTS=${faults}`);
  }
}
process.exit(failed === 0 ? 0 : 1);

async function play(own: number): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-nemesis-'));
  const child = spawn(
    'unshare',
    [...NAMESPACES, process.execPath, INSIDE, String(own), String(faults), directory],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  // The first process of a process namespace takes everything else in it along.
  const end = (): void => void child.kill('SIGKILL');
  const interrupted = (): void => {
    end();
    void rm(directory, { recursive: true, force: true }).finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await rm(directory, { recursive: true, force: true });
  }
}

function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  for (const program of ['unshare', 'ip', 'mount']) {
    const { error } = spawnSync(program, ['--help']);
    if (error !== undefined) return `${program} is needed (util-linux, iproute2) and not here`;
  }
  const probe = spawnSync('unshare', [...NAMESPACES, 'ip', 'link', 'add', 'probe', 'type', 'bridge']);
  return probe.status === 0
    ? undefined
    : `namespaces cannot be made here (root or user namespaces are needed): ${String(probe.stderr).trim()}`;
}

import type { HeardBeat } from '../live/world.ts';

/** How many beats the line is long. */
export const BEATS_SHOWN = 9;
/** The part of a beat's length that its stroke takes. */
const STROKE_SHARE = 0.46;

interface Wave {
  readonly at: number;
  readonly width: number;
  readonly height: number;
}

/** The waves of one heartbeat as a physician names them, in parts of the stroke. */
const WAVES: readonly Wave[] = [
  { at: 0.16, width: 0.055, height: 0.13 },
  { at: 0.31, width: 0.018, height: -0.16 },
  { at: 0.37, width: 0.022, height: 1 },
  { at: 0.44, width: 0.022, height: -0.3 },
  { at: 0.74, width: 0.075, height: 0.22 },
];

export interface Look {
  readonly line: string;
  readonly faint: string;
  readonly text: string;
  readonly phases: Readonly<Record<string, string>>;
}

/** Height of the line `ageMs` after a beat, 1 at the peak of a downbeat. */
function height(ageMs: number, beatMs: number, downbeat: boolean): number {
  const at = ageMs / (beatMs * STROKE_SHARE);
  if (at < 0 || at > 1.3) return 0;
  const strength = downbeat ? 1 : 0.58;
  return (
    WAVES.reduce((sum, wave) => sum + wave.height * Math.exp(-(((at - wave.at) / wave.width) ** 2) / 2), 0) *
    strength
  );
}

export function beatMsOf(beat: HeardBeat): number {
  return 60_000 / beat.frame.tempo_bpm;
}

/** Draws the line of the last beats; the newest instant is at the right edge, and nothing is drawn that was not heard. */
export function drawEcg(
  canvas: HTMLCanvasElement,
  beats: readonly HeardBeat[],
  nowMs: number,
  look: Look,
): void {
  const context = canvas.getContext('2d');
  const last = beats.at(-1);
  if (!context) return;
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const tall = canvas.clientHeight;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(tall * scale)) canvas.height = Math.round(tall * scale);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, tall);

  const spanMs = (last ? beatMsOf(last) : 1_000) * BEATS_SHOWN;
  const xOf = (atMs: number) => width - 14 - ((nowMs - atMs) / spanMs) * (width - 14);
  const base = tall * 0.68;
  const peak = tall * 0.52;
  drawBars(context, { beats, xOf, nowMs, tall, look });

  const line = context.createLinearGradient(0, 0, width, 0);
  line.addColorStop(0, 'transparent');
  line.addColorStop(0.22, look.line);
  line.addColorStop(1, look.line);
  context.strokeStyle = line;
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.beginPath();
  let at = 0;
  let y = base;
  for (let x = 0; x <= width - 14; x += 1) {
    const timeMs = nowMs - ((width - 14 - x) / (width - 14)) * spanMs;
    while (at + 1 < beats.length && (beats[at + 1]?.atMs ?? Infinity) <= timeMs) at += 1;
    const beat = beats[at];
    y = base;
    if (beat && beat.atMs <= timeMs)
      y -= height(timeMs - beat.atMs, beatMsOf(beat), beat.frame.downbeat) * peak;
    if (x === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.stroke();
  drawHead(context, width - 14, y, look.line);
}

interface Ground {
  readonly beats: readonly HeardBeat[];
  readonly xOf: (atMs: number) => number;
  readonly nowMs: number;
  readonly tall: number;
  readonly look: Look;
}

/** The phase of each beat as a band along the bottom, each bar with the number of its first beat. */
function drawBars(context: CanvasRenderingContext2D, { beats, xOf, nowMs, tall, look }: Ground): void {
  context.font = '500 11px ui-sans-serif, system-ui, sans-serif';
  context.textBaseline = 'top';
  for (const [index, beat] of beats.entries()) {
    const x = xOf(beat.atMs);
    const end = xOf(Math.min(beats[index + 1]?.atMs ?? nowMs, beat.atMs + beatMsOf(beat) * 1.05, nowMs));
    if (end < 0) continue;
    context.fillStyle = look.phases[beat.frame.phase] ?? look.faint;
    context.globalAlpha = Math.min(1, Math.max(0, x / 160)) * 0.9;
    context.fillRect(x + 1, tall - 5, Math.max(1, end - x - 2), 3);
    if (!beat.frame.downbeat) continue;
    context.fillStyle = look.faint;
    context.fillRect(x, 8, 1, tall - 18);
    context.fillStyle = look.text;
    context.fillText(String(beat.frame.beat_index), x + 6, 8);
  }
  context.globalAlpha = 1;
}

function drawHead(context: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  context.fillStyle = colour;
  context.globalAlpha = 0.22;
  context.beginPath();
  context.arc(x, y, 8, 0, Math.PI * 2);
  context.fill();
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(x, y, 3.5, 0, Math.PI * 2);
  context.fill();
}

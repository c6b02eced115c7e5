import { type BeatMark, type BeatSeen, beatMsOf, marksOf } from './beat-marks.ts';

/** How many beats the line is long, and where in it is now: right of it is the grid that is still to come. */
export const BEATS_SHOWN = 9;
const NOW_SHARE = 0.84;
/** The part of a beat's length that its stroke takes. */
const STROKE_SHARE = 0.46;
const FONT = '500 11px ui-sans-serif, system-ui, sans-serif';

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
  readonly bad: string;
  readonly wait: string;
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

interface Ground {
  readonly context: CanvasRenderingContext2D;
  readonly marks: readonly BeatMark[];
  readonly xOf: (atMs: number) => number;
  readonly nowMs: number;
  readonly nowX: number;
  readonly width: number;
  readonly tall: number;
  readonly look: Look;
}

/** Draws the beats that were heard up to now as one line, and beyond now the grid on which the next ones are awaited. */
export function drawEcg(
  canvas: HTMLCanvasElement,
  beats: readonly BeatSeen[],
  nowMs: number,
  look: Look,
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { width, tall } = fitted(canvas, context);
  const last = beats.at(-1);
  const spanMs = (last ? beatMsOf(last) : 1_000) * BEATS_SHOWN;
  const nowX = Math.round(width * NOW_SHARE);
  const xOf = (atMs: number) => nowX - ((nowMs - atMs) / spanMs) * width;
  const untilMs = nowMs + ((width - nowX) / width) * spanMs;
  const marks = marksOf(beats, nowMs, untilMs).filter(({ atMs, beatMs }) => xOf(atMs + beatMs) > 0);
  const ground: Ground = { context, marks, xOf, nowMs, nowX, width, tall, look };
  for (const mark of marks) drawMark(ground, mark);
  drawLine(ground, spanMs);
}

function fitted(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D) {
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const tall = canvas.clientHeight;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(tall * scale)) canvas.height = Math.round(tall * scale);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, tall);
  return { width, tall };
}

/** One beat: its phase along the bottom, a post where a bar begins, and what is wrong with it in words. */
function drawMark({ context, xOf, nowMs, nowX, width, tall, look }: Ground, mark: BeatMark): void {
  const x = xOf(mark.atMs);
  const isNext = mark.kind === 'next';
  const endMs = isNext ? mark.atMs + mark.beatMs : Math.min(mark.atMs + mark.beatMs, nowMs);
  const end = Math.min(xOf(endMs), isNext ? width : nowX);
  const fade = Math.min(1, Math.max(0.15, x / 140));
  const colour = look.phases[mark.phase] ?? look.faint;
  context.globalAlpha = fade * (isNext ? 0.35 : 1);
  if (mark.kind === 'heard' || isNext) {
    context.fillStyle = colour;
    context.fillRect(x + 1, tall - 7, Math.max(1, end - x - 2), 5);
  } else {
    context.strokeStyle = look.bad;
    context.lineWidth = 1.5;
    context.setLineDash([3, 3]);
    context.strokeRect(x + 1.75, tall - 6.25, Math.max(1, end - x - 3.5), 3.5);
    context.setLineDash([]);
  }
  context.globalAlpha = fade;
  if (mark.downbeat) {
    context.fillStyle = isNext ? look.faint : look.text;
    context.globalAlpha = fade * (isNext ? 1 : 0.55);
    context.fillRect(x, 6, 1, tall - 14);
    context.globalAlpha = fade;
    label(context, { text: String(mark.index), x: x + 6, y: 6, colour: look.text });
  } else {
    context.fillStyle = look.faint;
    context.fillRect(x, tall - 16, 1, 7);
  }
  if (mark.degraded) {
    context.fillStyle = look.wait;
    context.fillRect(x + 1, tall - 11, Math.max(1, end - x - 2), 2);
    label(context, { text: 'degraded', x: x + 6, y: tall - 27, colour: look.wait });
  }
  if (mark.kind === 'missed' || mark.kind === 'late') {
    cross(context, x, tall * 0.68, look.bad);
    label(context, { text: mark.kind, x: x + 8, y: tall * 0.68 - 18, colour: look.bad });
  }
  context.globalAlpha = 1;
}

function label(
  context: CanvasRenderingContext2D,
  { text, x, y, colour }: { text: string; x: number; y: number; colour: string },
): void {
  context.font = FONT;
  context.textBaseline = 'top';
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 4, y - 4);
  context.lineTo(x + 4, y + 4);
  context.moveTo(x + 4, y - 4);
  context.lineTo(x - 4, y + 4);
  context.stroke();
}

function drawLine({ context, marks, xOf, nowMs, nowX, width, tall, look }: Ground, spanMs: number): void {
  const heard = marks.filter(({ kind }) => kind === 'heard');
  const base = tall * 0.68;
  const peak = tall * 0.5;
  const line = context.createLinearGradient(0, 0, nowX, 0);
  line.addColorStop(0, 'transparent');
  line.addColorStop(0.22, look.line);
  line.addColorStop(1, look.line);
  context.strokeStyle = line;
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.beginPath();
  let at = 0;
  let y = base;
  for (let x = 0; x <= nowX; x += 1) {
    const timeMs = nowMs - ((nowX - x) / width) * spanMs;
    while (at + 1 < heard.length && (heard[at + 1]?.atMs ?? Infinity) <= timeMs) at += 1;
    const mark = heard[at];
    y = base;
    if (mark && mark.atMs <= timeMs) y -= height(timeMs - mark.atMs, mark.beatMs, mark.downbeat) * peak;
    if (x === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.stroke();
  context.strokeStyle = look.faint;
  context.setLineDash([2, 5]);
  context.beginPath();
  context.moveTo(nowX, base);
  context.lineTo(Math.max(nowX, xOf(nowMs + spanMs)), base);
  context.stroke();
  context.setLineDash([]);
  drawHead(context, nowX, y, look.line);
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

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { StoredReport } from '../live/world.ts';
import { clock, signed } from '../live/words.ts';

export interface Series {
  readonly label: string;
  /** Name of a colour of the theme. */
  readonly colour: string;
  readonly of: (report: StoredReport) => number;
  readonly stepped: boolean;
}

interface PlotProps {
  readonly reports: readonly StoredReport[];
  readonly series: readonly Series[];
  readonly height: number;
}

/** Counts are whole; steps between the lines of the grid are too. */
const COUNT_STEPS = [1, 2, 5]
  .flatMap((step) => [1, 10, 100, 1_000, 10_000].map((ten) => step * ten))
  .toSorted((a, b) => a - b);

const CUT_BARS = 5;

/** A plot over the time at which the reports were stored. It is made once and then only fed. */
export function Plot({ reports, series, height }: PlotProps) {
  const ref = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = columns(reports, series);
  const newest = useRef(data);
  newest.current = data;

  useEffect(() => {
    const place = ref.current;
    if (!place) return undefined;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(place, series, height), newest.current, place);
    };
    make();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: place.clientWidth, height }));
    resized.observe(place);
    // Its colours are drawn, not styled: another theme needs another drawing.
    const themed = new MutationObserver(make);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', make);
    return () => {
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener('change', make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [series, height]);
  useEffect(() => plot.current?.setData(data), [reports]);
  return <div class="plot" ref={ref} role="img" aria-label={series.map(({ label }) => label).join(', ')} />;
}

/** Where no reports were for longer than several bars, the lines are cut: nobody knows what was between. */
function columns(reports: readonly StoredReport[], series: readonly Series[]): uPlot.AlignedData {
  const times = reports.map(({ recorded_at }) => Date.parse(recorded_at) / 1_000);
  const steps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  const median = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const longest = Math.max(1, median * CUT_BARS);
  const cuts = steps.flatMap((step, at) => (step > longest ? [at] : [])).toReversed();
  const xs = [...times];
  const columnsOf = series.map(({ of }): (number | null)[] => reports.map(of));
  for (const at of cuts) {
    xs.splice(at + 1, 0, (times[at] ?? 0) + longest / CUT_BARS);
    for (const column of columnsOf) column.splice(at + 1, 0, null);
  }
  return [xs, ...columnsOf];
}

function optionsOf(place: HTMLElement, series: readonly Series[], height: number): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--ink-faint'),
    grid: { stroke: colour('--rule'), width: 1 },
    ticks: { show: false },
    font: '11px ui-sans-serif, system-ui',
  };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const isCount = series.every((one) => one.stepped);
  return {
    width: place.clientWidth,
    height,
    cursor: { y: false },
    axes: [
      { ...axis, size: 26, space: 80, values: (_plot, splits) => timesOf(splits) },
      { ...axis, size: 44, space: 20, ...(isCount && { incrs: COUNT_STEPS }) },
    ],
    scales: { y: { range: (_plot, min, max) => rangeOf(min, max) } },
    series: [
      { label: 'At', value: (plot, seconds) => clock((seconds ?? newestOf(plot, 0)) * 1_000) },
      ...series.map((one) => ({
        label: one.label,
        // Where nobody points at a bar, the newest is told.
        value: (plot: uPlot, value: number | null, at: number) => said(value ?? newestOf(plot, at)),
        stroke: colour(one.colour),
        width: 1.75,
        points: { show: false },
        ...(one.stepped && stepped && { paths: stepped }),
      })),
    ],
  };
}

function newestOf(plot: uPlot, at: number): number {
  return plot.data[at]?.at(-1) ?? 0;
}

function said(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : signed(value, 1);
}

function timesOf(splits: readonly number[]): string[] {
  const spanSeconds = (splits.at(-1) ?? 0) - (splits[0] ?? 0);
  return splits.map((seconds) => clock(seconds * 1_000).slice(0, spanSeconds > 900 ? 5 : 8));
}

/** From zero for counts, around zero for drift, and never a range of nothing. */
function rangeOf(min: number, max: number): [number, number] {
  const low = Math.min(0, min);
  const high = Math.max(1, max);
  const room = (high - low) * 0.08;
  return [low < 0 ? low - room : 0, high + room];
}

// Curves by uPlot, which is fetched when the first chart is drawn.

import { useEffect, useRef, useState } from "preact/hooks";
import { theme } from "../theme";
import { Legend } from "./index";

export interface ChartSeries {
  label: string;
  /** y at each x; null leaves a gap. */
  values: readonly (number | null)[];
  /** A CSS colour; `var(--series-1)` and so on follow the theme. */
  color?: string;
  width?: number;
  dash?: number[];
  /** Points instead of a line. */
  points?: boolean;
  /** Lower edge of a band whose upper edge is `values`. */
  bandTo?: readonly (number | null)[];
}

interface Props {
  x: readonly number[];
  series: readonly ChartSeries[];
  xLabel: string;
  yLabel: string;
  /** Whole height with axes; fixed, so that nothing jumps while data come. */
  height?: number;
  xRange?: [number, number];
  yRange?: [number, number];
  logX?: boolean;
  /** Vertical marks at x. */
  marks?: readonly { at: number; label: string }[];
  legend?: boolean;
  label: string;
  testId?: string;
}

function resolved(color: string, box: HTMLElement): string {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return name ? getComputedStyle(box).getPropertyValue(name).trim() : color;
}

const faded = (color: string) => (/^#[0-9a-f]{6}$/i.test(color) ? `${color}33` : color);

export function Chart(props: Props) {
  const {
    x,
    series,
    xLabel,
    yLabel,
    height = 180,
    xRange,
    yRange,
    logX,
    marks = [],
    legend = true,
    label,
    testId,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    const element = box.current;
    if (!element || !width) return;
    let plot: { destroy(): void } | null = null;
    let gone = false;
    void import("./uplot").then(({ uPlot }) => {
      if (gone) return;
      const ink = resolved("var(--ink-soft)", element);
      const rule = resolved("var(--rule)", element);
      const axis = {
        stroke: ink,
        grid: { stroke: rule, width: 1 },
        ticks: { stroke: rule, width: 1, size: 4 },
        font: "11px system-ui, sans-serif",
        labelFont: "11px system-ui, sans-serif",
        labelSize: 18,
        gap: 4,
      };
      const data: (number | null)[][] = [[...x]];
      const lines: object[] = [{}];
      const bands: object[] = [];
      series.forEach((one, k) => {
        const color = resolved(one.color ?? `var(--series-${(k % 5) + 1})`, element);
        data.push([...one.values]);
        const upper = data.length - 1;
        lines.push({
          label: one.label,
          stroke: one.bandTo ? "transparent" : color,
          width: one.points ? 0 : (one.width ?? 1.6),
          dash: one.dash,
          points: { show: Boolean(one.points), size: 5, fill: color, stroke: color },
          paths: one.points ? () => null : undefined,
        });
        if (one.bandTo) {
          data.push([...one.bandTo]);
          lines.push({ stroke: "transparent", points: { show: false } });
          bands.push({ series: [upper, upper + 1], fill: faded(color) });
        }
      });
      plot = new uPlot(
        {
          width,
          height,
          padding: [8, 10, 0, 0],
          cursor: { y: false, points: { size: 5 } },
          legend: { show: false },
          scales: {
            x: { time: false, ...(xRange ? { range: xRange } : {}), ...(logX ? { distr: 3 } : {}) },
            y: yRange ? { range: yRange } : {},
          },
          axes: [
            { ...axis, label: xLabel, size: 28 },
            { ...axis, label: yLabel, size: 44, space: 22 },
          ],
          series: lines,
          bands,
          hooks: {
            draw: [
              (plot: import("uplot")) => {
                const { ctx, bbox } = plot;
                ctx.save();
                ctx.strokeStyle = ctx.fillStyle = ink;
                ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
                ctx.textAlign = "left";
                for (const mark of marks) {
                  const at = plot.valToPos(mark.at, "x", true);
                  if (at < bbox.left || at > bbox.left + bbox.width) continue;
                  ctx.setLineDash([3, 3]);
                  ctx.beginPath();
                  ctx.moveTo(at, bbox.top);
                  ctx.lineTo(at, bbox.top + bbox.height);
                  ctx.stroke();
                  ctx.fillText(mark.label, at + 4, bbox.top + 11 * devicePixelRatio);
                }
                ctx.restore();
              },
            ],
          },
        } as import("uplot").Options,
        data as import("uplot").AlignedData,
        element,
      );
    });
    return () => {
      gone = true;
      plot?.destroy();
    };
  }, [x, series, width, height, theme.value, xLabel, yLabel, JSON.stringify([xRange, yRange, logX, marks])]);

  const items = series.map((one, k) => ({
    label: one.label,
    color: one.color ?? `var(--series-${(k % 5) + 1})`,
  }));
  return (
    <div class="chart">
      <div ref={box} role="img" aria-label={label} data-testid={testId} style={{ height: `${height}px` }} />
      {legend && series.length > 1 && <Legend items={items} />}
    </div>
  );
}

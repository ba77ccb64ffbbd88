import { useElementSize } from '@mantine/hooks';
import { useFormat } from '../strings/strings.tsx';

/** A value at a time. */
export interface Point {
  readonly at: string;
  readonly value: number;
}

const [HEIGHT, BELOW, LEFT] = [180, 20, 44];
/** Width of a day that is written below the bars, with what stands between two. */
const NAME = 84;

/** Draws values over time as bars; each tells its value, and all of them are in a table for those who hear. */
export function Chart({ points, label }: { readonly points: readonly Point[]; readonly label: string }) {
  const format = useFormat();
  const { ref, width } = useElementSize();
  // As wide as its place, so that the figures have the size of the text around it on a phone, too.
  const breadth = width || 720;
  const max = Math.max(...points.map(({ value }) => value), 0) || 1;
  const step = (breadth - LEFT) / Math.max(1, points.length);
  const named = Math.max(1, Math.ceil((points.length * NAME) / (breadth - LEFT)));
  return (
    <div ref={ref}>
      <svg className="chart" viewBox={`0 0 ${breadth} ${HEIGHT}`} role="img" aria-label={label}>
        <text x={LEFT - 6} y={12} textAnchor="end">
          {format.compact(max)}
        </text>
        <text x={LEFT - 6} y={HEIGHT - BELOW} textAnchor="end">
          0
        </text>
        {points.map(({ at, value }, index) => {
          const height = (value / max) * (HEIGHT - BELOW - 4);
          const x = LEFT + index * step;
          const isAtEnd = x + step / 2 + NAME / 2 > breadth;
          return (
            <g key={at}>
              <rect x={x + step * 0.12} width={step * 0.76} y={HEIGHT - BELOW - height} height={height} rx={2}>
                <title>{`${format.time(at)}: ${format.number(value)}`}</title>
              </rect>
              {index % named === 0 && (
                <text x={isAtEnd ? breadth : x + step / 2} y={HEIGHT - 5} textAnchor={isAtEnd ? 'end' : 'middle'}>
                  {format.day(at)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <table className="heard">
        <caption>{label}</caption>
        <tbody>
          {points.map(({ at, value }) => (
            <tr key={at}>
              <th scope="row">{format.day(at)}</th>
              <td>{format.number(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

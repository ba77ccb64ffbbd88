import { useFormat } from '../strings/strings.tsx';

/** A value at a time. */
export interface Point {
  readonly at: string;
  readonly value: number;
}

const [WIDTH, HEIGHT, BELOW, LEFT] = [720, 180, 20, 44];

/** Draws values over time as bars; each tells its value, and all of them are in a table for those who hear. */
export function Chart({ points, label }: { readonly points: readonly Point[]; readonly label: string }) {
  const format = useFormat();
  const max = Math.max(...points.map(({ value }) => value), 0) || 1;
  const step = (WIDTH - LEFT) / Math.max(1, points.length);
  const named = Math.max(1, Math.ceil(points.length / 8));
  return (
    <>
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        <text x={LEFT - 6} y={12} textAnchor="end">
          {format.compact(max)}
        </text>
        <text x={LEFT - 6} y={HEIGHT - BELOW} textAnchor="end">
          0
        </text>
        {points.map(({ at, value }, index) => {
          const height = (value / max) * (HEIGHT - BELOW - 4);
          const x = LEFT + index * step;
          return (
            <g key={at}>
              <rect x={x + step * 0.12} width={step * 0.76} y={HEIGHT - BELOW - height} height={height} rx={2}>
                <title>{`${format.time(at)}: ${format.number(value)}`}</title>
              </rect>
              {index % named === 0 && (
                <text x={x + step / 2} y={HEIGHT - 5} textAnchor="middle">
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
    </>
  );
}

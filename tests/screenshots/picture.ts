import sharp from 'sharp';

/** A picture with words in it, as a photograph of a page. */
export function picture(): Promise<Buffer<ArrayBuffer>> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600">
    <rect width="900" height="600" fill="#f3ead3"/>
    <g font-family="DejaVu Sans, sans-serif" fill="#2b2b2b">
      <text x="70" y="120" font-size="48">SHIP'S LOG</text>
      <text x="70" y="230" font-size="34">Noon: 42 degrees 17 minutes</text>
      <text x="70" y="300" font-size="34">Wind south-west, force 5</text>
      <text x="70" y="370" font-size="34">Course 245, speed 6 knots</text>
    </g>
    <circle cx="740" cy="470" r="80" fill="#0b7285"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer() as Promise<Buffer<ArrayBuffer>>;
}

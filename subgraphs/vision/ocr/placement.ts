export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type Point = readonly [number, number];

/** The place of a prepared picture's pixels in the upright original. Each step gives a new one. */
export class Placement {
  /** Size of the picture as it is now, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Degrees clockwise by which it was turned altogether. */
  readonly rotation: number;
  readonly #original: { readonly width: number; readonly height: number };
  readonly #back: (point: Point) => Point;

  constructor(
    width: number,
    height: number,
    rotation = 0,
    original = { width, height },
    back: (point: Point) => Point = (point) => point,
  ) {
    this.width = width;
    this.height = height;
    this.rotation = rotation;
    this.#original = original;
    this.#back = back;
  }

  turned(degrees: 90 | 180 | 270): Placement {
    return degrees === 180
      ? this.rotated(180, this.width, this.height)
      : this.rotated(degrees, this.height, this.width);
  }

  scaled(width: number, height: number): Placement {
    const [horizontal, vertical] = [this.width / width, this.height / height];
    return this.#next(width, height, this.rotation, ([x, y]) => [x * horizontal, y * vertical]);
  }

  /** A part of it. */
  cut({ x: left, y: top, width, height }: Box): Placement {
    return this.#next(width, height, this.rotation, ([x, y]) => [x + left, y + top]);
  }

  /** With a margin around it. */
  padded(margin: number): Placement {
    return this.#next(this.width + 2 * margin, this.height + 2 * margin, this.rotation, ([x, y]) => [
      x - margin,
      y - margin,
    ]);
  }

  /** Turned about its centre onto a canvas of another size. */
  rotated(degrees: number, width: number, height: number): Placement {
    const radians = (degrees * Math.PI) / 180;
    const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
    return this.#next(width, height, this.rotation + degrees, ([x, y]) => {
      const [dx, dy] = [x - width / 2, y - height / 2];
      return [dx * cos + dy * sin + this.width / 2, -dx * sin + dy * cos + this.height / 2];
    });
  }

  /** The upright rectangle around a box, in pixels of the original. */
  toOriginal({ x, y, width, height }: Box): Box {
    const corners = (
      [
        [x, y],
        [x + width, y],
        [x, y + height],
        [x + width, y + height],
      ] as const
    ).map(this.#back);
    const clampX = (value: number) => Math.round(Math.min(this.#original.width, Math.max(0, value)));
    const clampY = (value: number) => Math.round(Math.min(this.#original.height, Math.max(0, value)));
    const [left, right] = [
      clampX(Math.min(...corners.map(([px]) => px))),
      clampX(Math.max(...corners.map(([px]) => px))),
    ];
    const [top, bottom] = [
      clampY(Math.min(...corners.map(([, py]) => py))),
      clampY(Math.max(...corners.map(([, py]) => py))),
    ];
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  #next(width: number, height: number, rotation: number, step: (point: Point) => Point): Placement {
    return new Placement(width, height, rotation, this.#original, (point) => this.#back(step(point)));
  }
}

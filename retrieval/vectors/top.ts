/**
 * Returns the positions of the highest scores, best first, equal ones in their order. NaN is not a score. A heap of
 * `count` entries: one comparison for most of a hundred thousand scores.
 */
export function topPositions(scores: Float32Array, count: number, least = Number.NEGATIVE_INFINITY): Int32Array {
  const heap = new Int32Array(Math.min(count, scores.length));
  let size = 0;
  // The worst of the kept is at the root. Later positions are worse among equals.
  const worse = (a: number, b: number) => scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b);
  const sink = (from: number) => {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && worse(heap[child + 1]!, heap[child]!)) child++;
      if (!worse(heap[child]!, heap[at]!)) return;
      const swap = heap[at]!;
      heap[at] = heap[child]!;
      heap[child] = swap;
      at = child;
    }
  };
  if (heap.length === 0) return heap;
  let bar = least;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (!(score >= bar)) continue;
    if (size < heap.length) {
      let at = size++;
      heap[at] = i;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!worse(heap[at]!, heap[parent]!)) break;
        const swap = heap[at]!;
        heap[at] = heap[parent]!;
        heap[parent] = swap;
        at = parent;
      }
      if (size === heap.length) bar = Math.max(least, scores[heap[0]!]!);
    } else if (score > scores[heap[0]!]!) {
      heap[0] = i;
      sink(0);
      bar = Math.max(least, scores[heap[0]!]!);
    }
  }
  return heap.subarray(0, size).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Shapes of recordings, as the server sends them: a header, then one byte for each step. */

export interface Peaks {
  /** Steps per second. */
  rate: number;
  /** The loudest sample of each step, 0 to 127, by channel. */
  channels: Uint8Array[];
}

export function readPeaks(content: ArrayBuffer): Peaks {
  const head = new DataView(content, 0, 12);
  const count = head.getUint32(0, true);
  const steps = head.getUint32(8, true);
  const channels = Array.from(
    { length: count },
    (_, channel) => new Uint8Array(content, 12 + channel * steps, steps),
  );
  return { rate: head.getUint32(4, true), channels };
}

/** The loudest step of each of `columns` equal parts between two steps; `to` is exclusive. */
export function columns(steps: Uint8Array, from: number, to: number, count: number): Uint8Array {
  const found = new Uint8Array(count);
  const width = (to - from) / count;
  for (let column = 0; column < count; column += 1) {
    const first = Math.floor(from + column * width);
    const end = Math.max(first + 1, Math.ceil(from + (column + 1) * width));
    let loudest = 0;
    for (let step = Math.max(0, first); step < Math.min(end, steps.length); step += 1)
      loudest = Math.max(loudest, steps[step] ?? 0);
    found[column] = loudest;
  }
  return found;
}

/** The loudest step of all channels. */
export function loudest(peaks: Peaks): number {
  const known = LOUDEST.get(peaks);
  if (known !== undefined) return known;
  let most = 0;
  for (const steps of peaks.channels) for (const step of steps) if (step > most) most = step;
  LOUDEST.set(peaks, most);
  return most;
}

const LOUDEST = new WeakMap<Peaks, number>();

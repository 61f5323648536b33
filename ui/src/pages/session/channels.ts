/** Lets the two sides of a recording be heard apart. */

export class Channels {
  readonly #gains: GainNode[] = [];
  readonly #context: AudioContext;

  /** Takes the element's sound for itself, which can be done but once; needs a user's gesture. */
  constructor(audio: HTMLAudioElement) {
    this.#context = new AudioContext();
    const source = this.#context.createMediaElementSource(audio);
    const splitter = this.#context.createChannelSplitter(2);
    source.connect(splitter);
    for (const channel of [0, 1]) {
      const gain = this.#context.createGain();
      splitter.connect(gain, channel);
      // Both ears hear both sides: with one silenced, half a headphone would be dead.
      gain.connect(this.#context.destination);
      this.#gains.push(gain);
    }
  }

  mute(channel: number, isMuted: boolean): void {
    void this.#context.resume();
    const gain = this.#gains[channel];
    if (gain) gain.gain.value = isMuted ? 0 : 1;
  }
}

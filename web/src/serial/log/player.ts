import { shownBy, type Cast } from "./cast";

/** What a cast is shown on. */
export interface Glass {
  reset: () => void;
  write: (text: string) => void;
}

export interface Moment {
  /** Seconds since the beginning. */
  at: number;
  playing: boolean;
  /** When what is shown was printed, in milliseconds since the epoch; null before the first. */
  printed: number | null;
}

const TICK_MS = 50;
/** Characters before the place that is gone to: more than any terminal shows. */
const LOOK_BACK = 256 * 1024;

/** Plays a cast at any speed, from any place. */
export class Player {
  private readonly cast: Cast;
  private readonly glass: Glass;
  private readonly onMoment: (moment: Moment) => void;
  private at = 0;
  private shown = 0;
  private speed = 1;
  private last = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(cast: Cast, glass: Glass, onMoment: (moment: Moment) => void) {
    this.cast = cast;
    this.glass = glass;
    this.onMoment = onMoment;
  }

  play(): void {
    if (this.timer !== undefined) return;
    if (this.at >= this.cast.length) this.seek(0);
    this.last = performance.now();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tell();
  }

  pause(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.tell();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
  }

  seek(at: number): void {
    const { frames } = this.cast;
    this.at = Math.max(0, Math.min(at, this.cast.length));
    const until = shownBy(frames, this.at);
    let [from, size] = [until, 0];
    while (from > 0 && size < LOOK_BACK) size += frames[(from -= 1)]?.text.length ?? 0;
    this.glass.reset();
    this.shown = from;
    this.show(until);
    this.tell();
  }

  private tick(): void {
    const now = performance.now();
    this.at += (this.speed * (now - this.last)) / 1000;
    this.last = now;
    this.show(shownBy(this.cast.frames, this.at));
    if (this.at < this.cast.length) this.tell();
    else {
      this.at = this.cast.length;
      this.pause();
    }
  }

  private show(until: number): void {
    if (until <= this.shown) return;
    this.glass.write(
      this.cast.frames
        .slice(this.shown, until)
        .map(({ text }) => text)
        .join(""),
    );
    this.shown = until;
  }

  private tell(): void {
    const printed = this.cast.frames[this.shown - 1]?.moment ?? null;
    this.onMoment({ at: this.at, playing: this.timer !== undefined, printed });
  }
}

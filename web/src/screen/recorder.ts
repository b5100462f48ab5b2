/** Records a canvas as a film that the browser encodes itself: the screen may change its size, go and come back. */
import { now } from "../words/clock";

const FRAMES_A_SECOND = 10;
const BITS_A_SECOND = 1_500_000;
const SMALLEST = { width: 1024, height: 768 };
/** It lies in the browser's memory until it is saved. */
export const MOST_BYTES = 512 * 1024 ** 2;
const KINDS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];

const usable = () =>
  typeof MediaRecorder === "undefined" ? undefined : KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));

export const canRecord = () => usable() !== undefined;

/** How a picture of `width` by `height` is put into a frame, whole and in its middle. */
export function placed(
  width: number,
  height: number,
  frame: { width: number; height: number },
): [x: number, y: number, width: number, height: number] {
  const scale = Math.min(frame.width / width, frame.height / height);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  return [Math.floor((frame.width - w) / 2), Math.floor((frame.height - h) / 2), w, h];
}

export class ScreenRecorder {
  readonly begun = now();
  private readonly film: MediaRecorder;
  private readonly canvas = document.createElement("canvas");
  private readonly source: () => HTMLCanvasElement | null;
  private readonly timer: ReturnType<typeof setInterval>;
  private bytes = 0;

  /** `onEnd` is told the whole film, once, and whether it ended because it was full. :throws Error when this browser cannot record. */
  constructor(source: () => HTMLCanvasElement | null, onEnd: (film: Blob, isFull: boolean) => void) {
    const kind = usable();
    if (kind === undefined) throw new Error("no MediaRecorder");
    this.source = source;
    const shown = source();
    this.canvas.width = Math.max(shown?.width ?? 0, SMALLEST.width);
    this.canvas.height = Math.max(shown?.height ?? 0, SMALLEST.height);
    this.draw();
    const stream = this.canvas.captureStream(FRAMES_A_SECOND);
    this.film = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: BITS_A_SECOND });
    const parts: Blob[] = [];
    this.film.ondataavailable = ({ data }) => {
      parts.push(data);
      this.bytes += data.size;
      if (this.bytes > MOST_BYTES) this.stop();
    };
    this.film.onstop = () => {
      clearInterval(this.timer);
      for (const track of stream.getTracks()) track.stop();
      onEnd(new Blob(parts, { type: kind.split(";")[0] ?? kind }), this.bytes > MOST_BYTES);
    };
    this.film.start(1000);
    this.timer = setInterval(() => this.draw(), 1000 / FRAMES_A_SECOND);
  }

  stop(): void {
    if (this.film.state !== "inactive") this.film.stop();
  }

  /** Where there is no screen, the frame stays black. */
  private draw(): void {
    const pen = this.canvas.getContext("2d");
    const shown = this.source();
    pen?.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (shown !== null && shown.width > 0 && shown.height > 0)
      pen?.drawImage(shown, ...placed(shown.width, shown.height, this.canvas));
  }
}

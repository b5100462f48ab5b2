/** In full screen, only what is inside the console is seen. */

/** Where a dialogue belongs now: a PatternFly Modal's `appendTo`. */
export const dialogPlace = (): HTMLElement =>
  document.fullscreenElement instanceof HTMLElement ? document.fullscreenElement : document.body;

export function toggleFullScreen(frame: HTMLElement | null): void {
  void (document.fullscreenElement ? document.exitFullscreen() : frame?.requestFullscreen());
}

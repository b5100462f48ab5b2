/** Begins full screen with a console, and ends it. */
export function toggleFullScreen(frame: HTMLElement | null): void {
  void (document.fullscreenElement ? document.exitFullscreen() : frame?.requestFullscreen());
}

/** Waits; sooner when `cut` says so. */
export const pause = (milliseconds: number, cut?: AbortSignal) =>
  new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      cut?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    cut?.addEventListener("abort", end);
    if (cut?.aborted) end();
  });

import { useCallback, useEffect, useRef, useState } from "react";
import { download, stamped } from "../console/files";
import { useAskBeforeLeaving } from "../shell/useAskBeforeLeaving";
import type { Film } from "./RecordingDialog";
import { ScreenRecorder } from "./recorder";

/**
 * Records what `source` shows. What is recorded when the console is left is saved; until `forget`, nothing else loses it
 * without asking. `onFull` is told when a recording has ended by itself.
 */
export function useRecording(node: string, source: () => HTMLCanvasElement | null, onFull: () => void) {
  const recorder = useRef<ScreenRecorder | null>(null);
  const [since, setSince] = useState<number | null>(null);
  const [film, setFilm] = useState<Film | null>(null);
  const [isSaved, setIsSaved] = useState(false);

  const left = useRef(false);
  const unsaved = useRef<Film | null>(null);
  useEffect(() => {
    unsaved.current = isSaved ? null : film;
  }, [film, isSaved]);
  useEffect(() => {
    left.current = false;
    return () => {
      left.current = true;
      recorder.current?.stop();
      if (unsaved.current !== null) download(unsaved.current.film, unsaved.current.name);
    };
  }, []);

  useAskBeforeLeaving(since !== null || (film !== null && !isSaved));

  const start = useCallback(() => {
    const begun = new ScreenRecorder(source, (blob, isFull) => {
      const name = stamped(node, blob.type.endsWith("mp4") ? "mp4" : "webm");
      recorder.current = null;
      if (left.current) {
        download(blob, name);
        return;
      }
      setSince(null);
      setIsSaved(false);
      setFilm({ name, film: blob });
      if (isFull) onFull();
    });
    recorder.current = begun;
    setSince(begun.begun);
  }, [node, source, onFull]);
  const stop = useCallback(() => recorder.current?.stop(), []);
  const save = useCallback(() => {
    if (film === null) return;
    download(film.film, film.name);
    setIsSaved(true);
  }, [film]);
  const forget = useCallback(() => setFilm(null), []);
  return { since, film, isSaved, start, stop, save, forget };
}

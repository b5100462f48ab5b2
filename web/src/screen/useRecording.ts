import { useCallback, useEffect, useRef, useState } from "react";
import { download, stamped } from "../console/files";
import type { Film } from "./RecordingDialog";
import { ScreenRecorder } from "./recorder";

/** Records what `source` shows. A recording that runs when the console is left is saved. */
export function useRecording(node: string, source: () => HTMLCanvasElement | null) {
  const recorder = useRef<ScreenRecorder | null>(null);
  const [since, setSince] = useState<number | null>(null);
  const [film, setFilm] = useState<Film | null>(null);

  const left = useRef(false);
  useEffect(() => {
    left.current = false;
    return () => {
      left.current = true;
      recorder.current?.stop();
    };
  }, []);

  const start = useCallback(() => {
    const begun = new ScreenRecorder(source, (blob) => {
      const name = stamped(node, blob.type.endsWith("mp4") ? "mp4" : "webm");
      recorder.current = null;
      if (left.current) {
        download(blob, name);
        return;
      }
      setSince(null);
      setFilm({ name, film: blob });
    });
    recorder.current = begun;
    setSince(begun.begun);
  }, [node, source]);
  const stop = useCallback(() => recorder.current?.stop(), []);
  const forget = useCallback(() => setFilm(null), []);
  return { since, film, start, stop, forget };
}

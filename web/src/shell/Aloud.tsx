import { useState } from "react";

interface AloudProps {
  words: string;
  /** While it is the same, nothing is said: the words may change each second. */
  phase: string;
}

/** Tells a screen reader what is shown, once a phase. */
export function Aloud({ words, phase }: AloudProps) {
  const [said, setSaid] = useState({ words, phase });
  if (said.phase !== phase) setSaid({ words, phase });
  return (
    <span className="pf-v6-screen-reader" role="status">
      {said.words}
    </span>
  );
}

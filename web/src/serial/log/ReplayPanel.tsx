import { Button, EmptyState, EmptyStateBody, FormSelect, FormSelectOption } from "@patternfly/react-core";
import PauseIcon from "@patternfly/react-icons/dist/esm/icons/pause-icon";
import PlayIcon from "@patternfly/react-icons/dist/esm/icons/play-icon";
import { useQuery } from "@tanstack/react-query";
import { Terminal } from "@xterm/xterm";
import { useEffect, useRef, useState } from "react";
import { fetchFile } from "../../api/serialLog";
import { ErrorPanel } from "../../shell/ErrorPanel";
import { Loading } from "../../shell/Loading";
import { clock, moment } from "../../words/format";
import { t } from "../../words/i18n";
import { ONLY_SHOWS } from "../useTerminal";
import { parseCast, type Cast } from "./cast";
import { Player, type Moment } from "./player";

const SPEEDS = [0.5, 1, 2, 4, 8, 16];

interface ReplayPanelProps {
  /** Of the asciicast; undefined until it is known. */
  address: string | undefined;
  error: Error | null;
}

/** Shows again what was printed, as it came. */
export function ReplayPanel({ address, error }: ReplayPanelProps) {
  const cast = useQuery({
    queryKey: ["serial-cast", address],
    queryFn: async ({ signal }) => parseCast(await fetchFile(address ?? "", signal)),
    enabled: address !== undefined,
    // What is being replayed does not begin anew because the event stream was away for a while.
    staleTime: "static",
    gcTime: 0,
  });
  const failure = error ?? cast.error;
  if (failure !== null)
    return <ErrorPanel title={t("The log cannot be shown")} error={failure} retry={() => void cast.refetch()} />;
  if (cast.data === undefined || cast.isFetching) return <Loading />;
  if (cast.data.frames.length === 0)
    return (
      <EmptyState variant="sm" titleText={t("Nothing found")} headingLevel="h2">
        <EmptyStateBody>{t("Nothing was printed in this time. Choose another, or switch the node on.")}</EmptyStateBody>
      </EmptyState>
    );
  return <Replay cast={cast.data} />;
}

function Replay({ cast }: { cast: Cast }) {
  const place = useRef<HTMLDivElement>(null);
  const player = useRef<Player | null>(null);
  const [now, setNow] = useState<Moment>({ at: 0, playing: false, printed: null });
  const [speed, setSpeed] = useState(1);

  useEffect(() => {
    if (place.current === null) return;
    const terminal = new Terminal({ ...ONLY_SHOWS, cols: cast.width, rows: cast.height });
    terminal.open(place.current);
    const made = new Player(cast, { reset: () => terminal.reset(), write: (text) => terminal.write(text) }, setNow);
    player.current = made;
    made.seek(0);
    return () => {
      made.pause();
      player.current = null;
      terminal.dispose();
    };
  }, [cast]);
  useEffect(() => player.current?.setSpeed(speed), [speed, cast]);

  const told = t("{{now}} of {{length}}", { now: clock(now.at), length: clock(cast.length) });
  return (
    <div>
      <div ref={place} className="lo-replay-glass" data-testid="replay" />
      <div className="lo-replay-bar">
        <Button
          variant="secondary"
          icon={now.playing ? <PauseIcon /> : <PlayIcon />}
          aria-label={now.playing ? t("Pause") : t("Play")}
          onClick={() => (now.playing ? player.current?.pause() : player.current?.play())}
        />
        <input
          type="range"
          min={0}
          max={cast.length}
          step="any"
          value={now.at}
          aria-label={t("Place in the recording")}
          aria-valuetext={told}
          onChange={({ currentTarget }) => player.current?.seek(currentTarget.valueAsNumber)}
        />
        <span className="lo-clock" data-testid="replay-clock">
          {told}
        </span>
        <FormSelect
          className="lo-replay-speed"
          value={speed}
          aria-label={t("Speed")}
          onChange={(_event, value) => setSpeed(Number(value))}
        >
          {SPEEDS.map((each) => (
            <FormSelectOption key={each} value={each} label={`${each}×`} />
          ))}
        </FormSelect>
      </div>
      <p className="lo-muted">
        {now.printed === null ? "–" : moment(new Date(now.printed).toISOString())}
        {" · "}
        {t("Long pauses are cut.")}
      </p>
    </div>
  );
}

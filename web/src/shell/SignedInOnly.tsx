import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { onLostSession, reportRegainedSession } from "../api/http";
import { onSignedOut, SESSION, useSession } from "../api/session";
import type { Session } from "../api/types";
import { LiveUpdates } from "../events/LiveUpdates";
import { t } from "../words/i18n";
import { ErrorPanel } from "./ErrorPanel";
import { Loading } from "./Loading";
import { SignInAgain } from "./SignInAgain";

/** Who comes without a session signs in first; who loses it stays where they are, and signs in there. */
export function SignedInOnly() {
  const client = useQueryClient();
  const session = useSession();
  const location = useLocation();
  const [lost, setLost] = useState(false);
  useEffect(() => onLostSession(() => setLost(true)), []);
  const [left, setLeft] = useState(false);
  useEffect(() => onSignedOut(() => setLeft(true)), []);

  const account = session.data?.account;
  const goOn = useCallback(
    (now: Session) => {
      // What stands here is of who was here before.
      if (now.account !== account) window.location.reload();
      setLost(false);
      client.setQueryData(SESSION, now);
      reportRegainedSession();
      void client.invalidateQueries();
    },
    [client, account],
  );

  const here = location.pathname + location.search;
  const signIn = here === "/" ? "/sign-in" : `/sign-in?return=${encodeURIComponent(here)}`;
  if (left) return <Leaving to={signIn} />;
  if (session.isPending) return <Loading />;
  if (session.isError && !session.data)
    return (
      <ErrorPanel title={t("Lightsout cannot be reached")} error={session.error} retry={() => void session.refetch()} />
    );
  if (!session.data) return <Navigate to={signIn} replace />;
  return (
    <LiveUpdates>
      <Outlet />
      {lost && <SignInAgain account={session.data.account} onSignedIn={goOn} />}
    </LiveUpdates>
  );
}

/** By loading anew: what the page holds, and what it is doing to many nodes, is of who has signed out. */
function Leaving({ to }: { to: string }) {
  useEffect(() => {
    window.onbeforeunload = null; // nobody is there to be asked
    window.location.assign(to);
  }, [to]);
  return <Loading />;
}

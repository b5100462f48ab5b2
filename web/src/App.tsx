/** Routes, and what every page needs: the query cache, the session, the event stream. */
import { lazy } from "react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { BrowserRouter, Route, Routes } from "react-router";
import { useTranslation } from "react-i18next";
import { ApiError } from "./api/http";
import { BulkProvider } from "./bulk/BulkProvider";
import { FleetPage } from "./fleet/FleetPage";
import { NotFoundPage } from "./shell/NotFoundPage";
import { NoticeProvider } from "./shell/Notices";
import { OnDemand } from "./shell/OnDemand";
import { Shell } from "./shell/Shell";
import { SignedInOnly } from "./shell/SignedInOnly";

const ConsoleWindow = lazy(() => import("./console/ConsoleWindow"));
const AdministrationPage = lazy(() => import("./administration/AdministrationPage"));
const LibraryPage = lazy(() => import("./library/LibraryPage"));
const NodePage = lazy(() => import("./node/NodePage"));
const SignInPage = lazy(() => import("./shell/SignInPage"));

/** A refusal stays a refusal; only what never reached the service is worth another try. */
const retry = (count: number, error: Error) =>
  count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502);

const client = new QueryClient({
  defaultOptions: {
    queries: { retry, staleTime: 60_000, refetchOnWindowFocus: false, networkMode: "always" },
    // What cannot be sent now fails now: nobody wants a power action to be done whenever the line is back.
    mutations: { retry: false, networkMode: "always" },
  },
});

/** A window that holds one thing only. */
function Bare() {
  return (
    <OnDemand place="window">
      <ConsoleWindow />
    </OnDemand>
  );
}

export function App() {
  // All below says its words anew with it: nothing else hears of another language.
  useTranslation();
  return (
    <QueryClientProvider client={client}>
      <OnDemand place="">
        <NoticeProvider>
          <BrowserRouter>
            <Routes>
              <Route
                path="/sign-in"
                element={
                  <OnDemand place="sign-in">
                    <SignInPage />
                  </OnDemand>
                }
              />
              <Route element={<SignedInOnly />}>
                <Route
                  element={
                    <BulkProvider>
                      <Shell />
                    </BulkProvider>
                  }
                >
                  <Route index element={<FleetPage />} />
                  <Route path="/nodes/:id/:tab?" element={<NodePage />} />
                  <Route path="/library/:tab?" element={<LibraryPage />} />
                  <Route path="/administration/:tab?" element={<AdministrationPage />} />
                  <Route path="*" element={<NotFoundPage />} />
                </Route>
                <Route path="/window/:id/:view" element={<Bare />} />
              </Route>
            </Routes>
          </BrowserRouter>
        </NoticeProvider>
      </OnDemand>
    </QueryClientProvider>
  );
}

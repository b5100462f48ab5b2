import { Label } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { Trans } from "react-i18next";
import { useLog, useResource, type Protocols, type Service } from "../api/administration";
import { ADMINISTRATION } from "../api/administrationKey";
import { attention } from "../api/attention";
import { reach } from "../api/http";
import { PATHS } from "../api/paths";
import { hasEnded, useTasks } from "../api/tasks";
import { eventWords } from "../timeline/eventWords";
import { taskLook, taskTitle } from "../reinstall/words";
import { ErrorPanel } from "../shell/ErrorPanel";
import { Loading } from "../shell/Loading";
import { Unread } from "../shell/Unread";
import { Facts } from "../words/Facts";
import { bytes, duration, moment, percent } from "../words/format";
import { t } from "../words/i18n";
import { useNow } from "../words/useNow";
import { figures } from "./metrics";
import { Section, Shown } from "./parts";

const AGAIN_MS = 10_000;
/** Of the disk; below it installing and logging may soon stop. */
const LITTLE = 0.1;
const LATE_SECONDS = 0.25;

/** Whether the service itself is well. */
export default function ServiceHealth() {
  const service = useResource<Service>(PATHS.manager, AGAIN_MS);
  const protocols = useResource<Protocols>(PATHS.protocols);
  const measuring = useFigures();
  const tasks = useTasks();
  const problems = useLog(PATHS.eventLog, "Severity ne 'OK' and Oem/Lightsout/Node eq null");
  // All at once: what comes later would push away what is being read.
  const rest = [protocols, measuring, tasks, problems];
  if (service.isPending || rest.some(({ isFetched }) => !isFetched)) return <Loading />;
  if (!service.data)
    return (
      <ErrorPanel title={t("The service cannot be shown")} error={service.error} retry={() => void service.refetch()} />
    );
  return (
    <>
      <Section title={t("Service")}>
        <ServiceFacts service={service.data} protocols={protocols.data} measuring={measuring} />
      </Section>
      <Tasks tasks={tasks} />
      <Problems log={problems} />
      <Section title={t("On the machine itself")}>
        <p>
          <Trans
            i18nKey="<doctor/> looks at everything that the service needs and says what to do; <backup/> copies its state while it runs."
            components={{ doctor: <code>{"bmc doctor"}</code>, backup: <code>{"bmc backup"}</code> }}
          />
        </p>
      </Section>
    </>
  );
}

function useFigures() {
  return useQuery({
    queryKey: [...ADMINISTRATION, "metrics"],
    queryFn: async () => figures((await reach("/metrics", { headers: attention() })).text),
    refetchInterval: AGAIN_MS,
  });
}

interface ServiceFactsProps {
  service: Service;
  protocols: Protocols | undefined;
  measuring: ReturnType<typeof useFigures>;
}

function ServiceFacts({ service, protocols, measuring }: ServiceFactsProps) {
  const now = useNow(30_000);
  const measured = measuring.data;
  const { DiskSpace: disk, SSHHostKeyFingerprint: fingerprint } = service.Oem?.Lightsout ?? {};
  const lag = measured?.lag ?? null;
  return (
    <Facts
      rows={[
        [t("Version"), service.FirmwareVersion],
        [
          t("Runs since"),
          service.LastResetTime &&
            `${moment(service.LastResetTime)} (${duration(now - new Date(service.LastResetTime).getTime())})`,
        ],
        [t("Machine"), protocols?.HostName],
        [t("Doors"), protocols && doors(protocols)],
        [t("SSH host key"), fingerprint && <code>{fingerprint}</code>],
        [
          t("Room on its disk"),
          disk && (
            <span className="lo-labels">
              {t("{{free}} of {{total}} free", { free: bytes(disk.FreeBytes), total: bytes(disk.TotalBytes) })}
              <Label status={disk.FreeBytes < disk.TotalBytes * LITTLE ? "warning" : "success"}>
                {percent((disk.FreeBytes / disk.TotalBytes) * 100)}
              </Label>
            </span>
          ),
        ],
        [
          t("Answers within"),
          measuring.isError && !measured ? (
            <Unread of={measuring} />
          ) : (
            lag !== null && (
              <span className="lo-labels">
                {Number.isFinite(lag) ? t("{{number}} ms", { number: lag * 1000 }) : t("more than 5 s")}
                {lag >= LATE_SECONDS && <Label status="warning">{t("the machine is overloaded")}</Label>}
              </span>
            )
          ),
        ],
        [t("Servers"), measured?.nodes],
        [t("Open consoles and event streams"), measured?.consoles],
      ]}
    />
  );
}

function doors(of: Protocols): string {
  return (["HTTPS", "HTTP", "SSH"] as const)
    .filter((name) => of[name].ProtocolEnabled)
    .map((name) => `${name} ${of[name].Port ?? ""}`)
    .join(", ");
}

/** Those of no server, and whatever runs now. */
function Tasks({ tasks }: { tasks: ReturnType<typeof useTasks> }) {
  return (
    <Section title={t("Tasks of the service")}>
      <Shown
        of={{
          ...tasks,
          data: tasks.data?.filter((task) => task.Oem?.Lightsout.System === undefined || !hasEnded(task)).slice(0, 20),
        }}
        failed={t("Tasks cannot be shown")}
        empty={t("No tasks")}
        remedy={t("What is added to the library, and actions on many servers, appear here.")}
      >
        {(all) => (
          <ul className="lo-messages">
            {all.map((task) => {
              const look = taskLook(task);
              return (
                <li key={task.Id} className="lo-labels">
                  <Label status={look.status}>{look.label}</Label> {taskTitle(task)}{" "}
                  <span className="lo-muted">{moment(task.StartTime)}</span>
                </li>
              );
            })}
          </ul>
        )}
      </Shown>
    </Section>
  );
}

function Problems({ log }: { log: ReturnType<typeof useLog> }) {
  return (
    <Section title={t("Problems of the service")}>
      <Shown
        of={{ ...log, data: log.data?.entries.slice(0, 20) }}
        failed={t("Problems cannot be shown")}
        empty={t("No problems")}
        remedy={t(
          "Failed sign-ins and a certificate that expires would stand here. Those of a server are on its page.",
        )}
      >
        {(entries) => (
          <ul className="lo-messages" data-testid="problems">
            {entries.map((entry) => (
              <li key={entry.Id}>
                <Label status={entry.Severity === "Critical" ? "danger" : "warning"}>{moment(entry.Created)}</Label>{" "}
                {eventWords(entry)}
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Section>
  );
}

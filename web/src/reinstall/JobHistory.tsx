import { Button, Card, CardBody, CardTitle, Label } from "@patternfly/react-core";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table";
import type { Task } from "../api/types";
import { duration, moment } from "../words/format";
import { t } from "../words/i18n";
import { kindWords, taskLook } from "./words";

interface JobHistoryProps {
  tasks: Task[];
  /** The one that is shown whole. */
  shown: string;
  onChoose: (id: string) => void;
}

/** All jobs of a node that the service remembers, newest first. */
export function JobHistory({ tasks, shown, onChoose }: JobHistoryProps) {
  return (
    <Card>
      <CardTitle component="h2">{t("All jobs")}</CardTitle>
      <CardBody>
        <Table aria-label={t("All jobs")} variant="compact" gridBreakPoint="grid-md">
          <Thead>
            <Tr>
              <Th width={25}>{t("Job")}</Th>
              <Th>{t("Outcome")}</Th>
              <Th>{t("Asked for by")}</Th>
              <Th>{t("Started")}</Th>
              <Th>{t("Took")}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {tasks.map((task) => (
              <JobRow key={task.Id} task={task} isShown={task.Id === shown} onChoose={() => onChoose(task.Id)} />
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}

function JobRow({ task, isShown, onChoose }: { task: Task; isShown: boolean; onChoose: () => void }) {
  const ours = task.Oem?.Lightsout;
  const look = taskLook(task);
  return (
    <Tr data-testid={`job-${task.Id}`} isRowSelected={isShown}>
      <Td dataLabel={t("Job")} modifier="breakWord">
        <Button variant="link" isInline aria-current={isShown} onClick={onChoose}>
          {kindWords(ours?.Kind ?? "")}
          {ours?.Request.image !== undefined && ` · ${ours.Request.image}`}
        </Button>
      </Td>
      <Td dataLabel={t("Outcome")} modifier="breakWord">
        <Label status={look.status} isCompact>
          {look.label}
        </Label>
        {task.TaskState === "Exception" && <div className="lo-muted">{ours?.StepMessage}</div>}
      </Td>
      <Td dataLabel={t("Asked for by")}>{ours?.Account}</Td>
      <Td dataLabel={t("Started")}>{moment(task.StartTime)}</Td>
      <Td dataLabel={t("Took")}>{took(task)}</Td>
    </Tr>
  );
}

function took(task: Task): string {
  if (!task.StartTime || !task.EndTime) return "–";
  return duration(new Date(task.EndTime).getTime() - new Date(task.StartTime).getTime());
}

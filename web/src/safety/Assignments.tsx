import { Alert, Button } from "@patternfly/react-core";
import { Link } from "react-router";
import { useAnswerAssignment, useManager, useManagerActions } from "../api/manager";
import type { Assignment } from "../api/types";
import { useNotices } from "../shell/Notices";
import { Left } from "../words/Left";

/** What somebody is asked to do at servers, until it is answered or its time is up. */
export function Assignments() {
  const open = useManager().data?.Oem?.Lightsout?.Assignments ?? [];
  return (
    <section aria-label="Assignments" className="lo-assignments">
      <p className="pf-v6-screen-reader" aria-live="polite">
        {open.map((assignment) => `To do at ${assignment.Node}: ${assignment.Text}`).join(" ")}
      </p>
      {open.map((assignment) => (
        <OneAssignment key={assignment.Id} assignment={assignment} />
      ))}
    </section>
  );
}

function OneAssignment({ assignment }: { assignment: Assignment }) {
  const { done, failed } = useNotices();
  const answer = useAnswerAssignment();
  const mayAnswer = useManagerActions()["#Lightsout.AnswerAssignment"] !== undefined;
  const { Id, Node, Text, Deadline } = assignment;
  const say = (given: "Done" | "CouldNot", told: string) =>
    answer.mutate(
      { Id, Answer: given },
      { onSuccess: () => done(told), onError: (error) => failed(`${Node}: the answer was not taken`, error) },
    );
  return (
    <Alert
      variant="info"
      isInline
      component="h2"
      title={
        <>
          To do at <Link to={`/nodes/${encodeURIComponent(Node)}`}>{Node}</Link>: <Left until={Deadline} />
        </>
      }
      data-testid={`assignment-${Node}`}
      {...(mayAnswer && {
        actionLinks: (
          <>
            <Button
              variant="primary"
              size="sm"
              isDisabled={answer.isPending}
              aria-label={`Done at ${Node}`}
              onClick={() => say("Done", `${Node}: the senses will tell`)}
            >
              Done
            </Button>
            <Button
              variant="secondary"
              size="sm"
              isDisabled={answer.isPending}
              aria-label={`Could not at ${Node}`}
              onClick={() => say("CouldNot", `${Node}: told that it could not be done`)}
            >
              Could not
            </Button>
          </>
        ),
      })}
    >
      {Text}
    </Alert>
  );
}

import { Button } from "@patternfly/react-core";
import { Link } from "react-router";
import { Trans } from "react-i18next";
import { useAnswerAssignment, useManager, useManagerActions } from "../api/manager";
import type { Assignment } from "../api/types";
import { nodePath } from "../node/address";
import { Alert } from "../shell/Alert";
import { useNotices } from "../shell/Notices";
import { t } from "../words/i18n";
import { Left } from "../words/Left";
import "./safety.css";

/** What somebody is asked to do at servers, until it is answered or its time is up. */
export function Assignments() {
  const open = useManager().data?.Oem?.Lightsout.Assignments ?? [];
  return (
    <section aria-label={t("Assignments")} className="lo-assignments">
      <p className="pf-v6-screen-reader" aria-live="polite">
        {open
          .map((assignment) => t("To do at {{node}}: {{text}}", { node: assignment.Node, text: assignment.Text }))
          .join(" ")}
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
      {
        onSuccess: () => done(told),
        onError: (error) => failed(t("{{node}}: the answer was not taken", { node: Node }), error),
      },
    );
  return (
    <Alert
      variant="info"
      isInline
      component="h2"
      title={
        <Trans
          i18nKey="To do at <node>{{node}}</node>: <left/>"
          values={{ node: Node }}
          components={{ node: <Link to={nodePath(Node)} />, left: <Left until={Deadline} /> }}
        />
      }
      data-testid={`assignment-${Node}`}
      {...(mayAnswer && {
        actionLinks: (
          <>
            <Button
              variant="primary"
              size="sm"
              isDisabled={answer.isPending}
              aria-label={t("Done at {{node}}", { node: Node })}
              onClick={() =>
                say("Done", t("{{node}}: answered; Lightsout now looks at the server’s power itself", { node: Node }))
              }
            >
              {t("Done")}
            </Button>
            <Button
              variant="secondary"
              size="sm"
              isDisabled={answer.isPending}
              aria-label={t("Could not at {{node}}", { node: Node })}
              onClick={() => say("CouldNot", t("{{node}}: told that it could not be done", { node: Node }))}
            >
              {t("Could not")}
            </Button>
          </>
        ),
      })}
    >
      {Text}
    </Alert>
  );
}

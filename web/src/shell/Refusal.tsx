import { Alert } from "./Alert";

/** In a dialogue: that the service has refused what was asked, and why. */
export function Refusal({ title, error }: { title: string; error: Error }) {
  return (
    <Alert
      variant="danger"
      isInline
      className="lo-dialog-error"
      component="p"
      title={title}
      role="alert"
      data-testid="refusal"
    >
      {error.message}
    </Alert>
  );
}

import { Button, Tooltip, type ButtonProps } from "@patternfly/react-core";
import { useId } from "react";

interface BarredButtonProps extends Omit<ButtonProps, "isDisabled" | "isAriaDisabled" | "ref"> {
  /** Why it cannot be pressed now; empty while it can. */
  bar: string;
}

/** A button that can be reached while it is barred, and then says why: to eyes, by mouse and keyboard, and to ears. */
export function BarredButton({ bar, ...props }: BarredButtonProps) {
  const id = useId();
  const isBarred = bar !== "";
  return (
    <>
      <Tooltip content={bar} aria="none" trigger={isBarred ? "mouseenter focus" : "manual"}>
        <Button {...props} isAriaDisabled={isBarred} {...(isBarred && { "aria-describedby": id })} />
      </Tooltip>
      {isBarred && (
        <span id={id} hidden>
          {bar}
        </span>
      )}
    </>
  );
}

import { Button, Tooltip, type ButtonProps } from "@patternfly/react-core";
import { useId, useRef } from "react";

interface BarredButtonProps extends Omit<ButtonProps, "isDisabled" | "isAriaDisabled" | "ref"> {
  /** Why it cannot be pressed now; empty while it can. */
  bar: string;
}

/** A button that can be reached while it is barred, and then says why: to eyes, by mouse and keyboard, and to ears. */
export function BarredButton({ bar, ...props }: BarredButtonProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const isBarred = bar !== "";
  return (
    <>
      <Button {...props} ref={button} isAriaDisabled={isBarred} {...(isBarred && { "aria-describedby": id })} />
      {isBarred && (
        <>
          <Tooltip triggerRef={button} content={bar} aria="none" aria-live="off" />
          <span id={id} hidden>
            {bar}
          </span>
        </>
      )}
    </>
  );
}

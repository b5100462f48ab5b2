/** Why a console has ended, or does not do what was asked of it, in the viewer's language. */
import { capitalised } from "../words/format";
import { inWords, type Sentences } from "../words/told";

/** What the service says; tests/redfish compares them with its sources. */
const REASONS: Sentences = [
  [
    /^the console has ended: the node went off or was removed$/,
    "The console has ended: the node went off or was removed.",
  ],
  [/^the service is stopping$/, "The service is stopping."],
  [/^internal error$/, "Internal error."],
  [/^the other end has closed the connection$/, "The other end has closed the connection."],
  [/^there is no node '(?<node>.+)'$/, "There is no node {{node}}."],
  [/^(?<node>\S+) has no screen$/, "{{node}} has no screen."],
  [/^(?<node>\S+) has no serial console$/, "{{node}} has no serial console."],
  [/^(?<node>\S+) has no serial console; (?<why>.+)$/, "{{node}} has no serial console; {{why}}"],
  [
    /^(?<node>\S+) is off: it has no screen; power it on first$/,
    "{{node}} is off: it has no screen; power it on first.",
  ],
  [/^the screen of (?<node>\S+) cannot be reached: (?<why>.+)$/, "The screen of {{node}} cannot be reached: {{why}}."],
  [
    /^too many event streams and consoles are open \((?<number>\S+) by (?<account>\S+)\); close some$/,
    "Too many event streams and consoles are open ({{number}} by {{account}}); close some.",
  ],
  [
    /^(?<what>\S+) takes the role (?<role>\S+); (?<account>\S+) has (?<has>\S+)$/,
    "{{what}} takes the role {{role}}; {{account}} has {{has}}.",
  ],
  [
    /^the scope of (?<account>\S+) does not include (?<node>\S+)$/,
    "The scope of {{account}} does not include {{node}}.",
  ],
  [
    /^this console is for watching only: (?<account>\S+) may not type$/,
    "This console is for watching only: {{account}} may not type.",
  ],
  [/^this console only watches; take the keyboard to type$/, "This console only watches; take the keyboard to type."],
  [
    /^this console only watches: (?<viewer>.+) has the keyboard; take it over to type$/,
    "This console only watches: {{viewer}} has the keyboard; take it over to type.",
  ],
  [
    /^(?<account>\S+) may not type here: that takes the role Operator$/,
    "{{account}} may not type here: that takes the role Operator.",
  ],
  [
    /^the serial line is down: the node is off; power it on first$/,
    "The serial line is down: the node is off; power it on first.",
  ],
  [/^this serial console is closed$/, "This serial console is closed."],
  [/^a screen carries no break; open the serial console$/, "A screen carries no break; open the serial console."],
  [
    /^(?<node>\S+) is off: nobody hears a break; power it on first$/,
    "{{node}} is off: nobody hears a break; power it on first.",
  ],
  [/^the serial console of (?<where>.+) carries no break$/, "The serial console of {{where}} carries no break."],
  [
    /^this serial line cannot carry a break: its mode is "raw", which has none$/,
    "This serial line cannot carry a break: its mode is “raw”, which has none.",
  ],
  [/^the serial console of (?<where>.+) is not open$/, "The serial console of {{where}} is not open."],
  [/^the serial console of (?<where>[^:]+) is gone$/, "The serial console of {{where}} is gone."],
  [/^the serial console of (?<where>.+) is gone: (?<why>.+)$/, "The serial console of {{where}} is gone: {{why}}."],
  [/^(?<where>.+) is down: (?<why>.+)$/, "{{where}} is down: {{why}}."],
];

/** As a sentence; "" where there is no reason. What begins with a name keeps it as it is written. */
export function reasonWords(reason: string): string {
  const words = inWords(reason, REASONS);
  const told = words === reason ? capitalised(reason) : words;
  return told === "" || /[.!?。]$/.test(told) ? told : `${told}.`;
}

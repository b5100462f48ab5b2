import { expect, test } from "vitest";
import { figures } from "./metrics";

const TEXT = `# HELP lightsout_loop_lag_seconds How late
lightsout_loop_lag_seconds_bucket{le="0.001"} 90.0
lightsout_loop_lag_seconds_bucket{le="0.0025"} 99.0
lightsout_loop_lag_seconds_bucket{le="+Inf"} 100.0
lightsout_nodes{state="On"} 2.0
lightsout_nodes{state="Off"} 1.0
lightsout_streams 4.0
`;

test("the figures of the service are read from its metrics", () => {
  expect(figures(TEXT)).toEqual({ lag: 0.0025, consoles: 4, nodes: 3 });
});

test("what was not measured is not made up", () => {
  expect(figures("")).toEqual({ lag: null, consoles: null, nodes: null });
});

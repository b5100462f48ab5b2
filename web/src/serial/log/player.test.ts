import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseCast } from "./cast";
import { Player, type Moment } from "./player";

const CAST = parseCast(
  [
    '{"version": 2, "width": 80, "height": 24, "timestamp": 1000, "idle_time_limit": 2}',
    '[0, "o", "a"]',
    '[1, "o", "b"]',
    '[1.5, "i", "typed"]',
    '[3600, "o", "c"]',
    "",
  ].join("\n"),
);

let shown = "";
let moment: Moment | null = null;
const player = () =>
  new Player(CAST, { reset: () => (shown = ""), write: (text) => (shown += text) }, (told) => (moment = told));

beforeEach(() => {
  vi.useFakeTimers();
  shown = "";
});
afterEach(() => vi.useRealTimers());

test("long pauses are cut, and the true time is kept", () => {
  expect(CAST.frames.map(({ at }) => at)).toEqual([0, 1, 3]);
  expect(CAST.frames[2]?.moment).toBe(4_600_000);
  expect(CAST.length).toBe(3);
});

test("nothing printed is a cast without frames", () => {
  expect(parseCast("")).toEqual({ width: 80, height: 24, frames: [], length: 0 });
});

test("it plays at its speed, and stops at the end", () => {
  const playing = player();
  playing.play();
  vi.advanceTimersByTime(900);
  expect(shown).toBe("a");
  playing.setSpeed(16);
  vi.advanceTimersByTime(200);
  expect(shown).toBe("abc");
  expect(moment).toEqual({ at: 3, playing: false, printed: 4_600_000 });
});

test("going to a place shows what stood there then", () => {
  const playing = player();
  playing.seek(3);
  expect(shown).toBe("abc");
  playing.seek(1.5);
  expect(shown).toBe("ab");
  expect(moment?.playing).toBe(false);
});

test("from the end it begins again", () => {
  const playing = player();
  playing.seek(3);
  playing.play();
  vi.advanceTimersByTime(100);
  expect(shown).toBe("a");
  playing.pause();
});

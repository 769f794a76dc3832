import { describe, expect, it } from "vitest";
import { difference, fromBase64Url, fromFragment, patched, toBase64Url, toFragment } from "./fragment";
import type { PlanJson } from "./types";

const base = {
  seed: 0,
  coil: { source: "magstim-70mm-fig8", deformation: {} },
  placement: { target: "F3", angle: "45 deg", reference: "midline", gap: "4 mm" },
  pulse: { waveform: "magstim-rapid2-biphasic", dose: "120 %RMT" },
  course: { missed: [], people: 2000 },
} as unknown as PlanJson;

describe("differences", () => {
  it("are what changed, and nothing else", () => {
    const plan = { ...base, pulse: { ...base.pulse, dose: "100 %RMT" }, seed: 7 };
    expect(difference(base, plan)).toEqual({ pulse: { dose: "100 %RMT" }, seed: 7 });
    expect(difference(base, structuredClone(base))).toBeUndefined();
  });

  it("keep a placement whole: its kinds don't mix", () => {
    const pose = {
      pose: [
        [1, 0, 0, 5],
        [0, 1, 0, 6],
        [0, 0, 1, 7],
        [0, 0, 0, 1],
      ],
    };
    const plan = { ...base, placement: pose };
    expect(patched(base, difference(base, plan))).toEqual(plan);
  });

  it("keep lists whole", () => {
    const plan = { ...base, course: { missed: ["7-9", "day 12"], people: 2000 } };
    expect(patched(base, difference(base, plan))).toEqual(plan);
    expect(patched(plan, difference(plan, base))).toEqual(base);
  });
});

describe("fragments", () => {
  it("bring a plan back as it was, with any letters", async () => {
    const plan = {
      ...base,
      session: { protocol: "10 Hz 4 s, pause 26 s, × 75 – „so“" },
    } as unknown as PlanJson;
    const fragment = await toFragment(plan, base);
    expect(fragment).toMatch(/^#plan=[\w-]+$/);
    expect(await fromFragment(fragment, base)).toEqual(plan);
  });

  it("are short for a plan near the default, and none is no plan", async () => {
    expect((await toFragment(base, base)).length).toBeLessThan(20);
    expect(await fromFragment(await toFragment(base, base), base)).toEqual(base);
    expect(await fromFragment("", base)).toBeNull();
    expect(await fromFragment("#somewhere", base)).toBeNull();
  });

  it("say so when they were damaged", async () => {
    const fragment = await toFragment({ ...base, seed: 12345 }, base);
    await expect(fromFragment(fragment.slice(0, -4), base)).rejects.toThrow("damaged");
  });

  it("carry all bytes", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, k) => k);
    expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
  });
});

/** Has the compiler know every text that `t` may be asked for. */
import "i18next";
import type chinese from "./zh-CN.json";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof chinese };
    keySeparator: false;
    nsSeparator: false;
  }
}

// The languages that conditions are told in.

/** BCP 47 tags. */
export const languages = ["en", "zh-Hans"] as const;

export type Language = (typeof languages)[number];

/** From a tag, or from what LANG holds, as `zh_CN.UTF-8`; English for everything that is not known. */
export function languageOf(text: string): Language {
  return /^zh([-_](Hans|CN|SG))?([-_.@]|$)/i.test(text) ? "zh-Hans" : "en";
}

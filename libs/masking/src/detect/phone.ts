import { matches, type Span } from "./span.ts";

/** E.164: + and 8 to 15 digits, in groups or not. */
const international = /(?<![\w+])\+[1-9](?:[ ./()\-\u200b]{0,3}\d){7,14}(?!\d)/g;
/** The North American plan, in groups only: any ten digits could be anything. */
const american = /(?<![\w.-])\(?[2-9]\d{2}\)?[ .-] ?[2-9]\d{2}[ .-]\d{4}(?![\d-])/g;

export const phones = (text: string): Span[] => [
  ...matches(text, international),
  ...matches(text, american),
];

import { Help, type HelpConfiguration } from "commander";

/** commander prints an empty list or text that an option begins with as its default, which tells nobody anything. */
export const help: HelpConfiguration = {
  optionDescription: (option) =>
    new Help().optionDescription(option).replace(/ \(default: (?:""|\[\]|\{\}|false)\)$/, ""),
};

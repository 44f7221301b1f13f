import { parse } from 'yaml'

/** No aliases: a few lines of them grow into gigabytes. Throws on anything that is not YAML. */
export const parseYaml = (text: string): unknown => parse(text, { maxAliasCount: 0 }) as unknown

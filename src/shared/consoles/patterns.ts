export interface Pattern { readonly source: string; readonly ignoreCase: boolean }
export interface PatternHit {
  /** Which of those that were given. */
  readonly pattern: number
  readonly text: number
  /** All that was met, then the groups; a group that took no part is empty. */
  readonly groups: readonly string[]
  /** Of the first letter behind it. */
  readonly end: number
}

/** Patterns that people wrote, tried where one that thinks for ever harms nobody. */
export interface Patterns {
  /** The first place of each pattern in each text. `input/too-large` names, as `pattern` in its context, the one that took too long. */
  match(patterns: readonly Pattern[], texts: readonly string[], signal: AbortSignal): Promise<readonly PatternHit[]>
}

/** A piece of a text: letters as they are, or the value of a variable. */
export type ScriptPart = string | { readonly variable: string }

export type ScriptWanted = { readonly words: readonly ScriptPart[] } | { readonly pattern: string; readonly ignoreCase: boolean }

/** `line` counts from 1. */
export type ScriptStep = { readonly line: number } & (
  /** `send` ends the line as the camera wants it, `type` sends nothing more. */
  | { readonly kind: 'send' | 'type'; readonly text: readonly ScriptPart[] }
  | { readonly kind: 'expect'; readonly wanted: ScriptWanted; readonly withinMs: number; readonly otherwise: readonly ScriptPart[] | undefined }
  | { readonly kind: 'wait'; readonly durationMs: number }
  | { readonly kind: 'set'; readonly name: string; readonly pattern: string; readonly ignoreCase: boolean }
)

export const scriptLimits = { lines: 2_000, lineLetters: 4_096, waitMs: 600_000 } as const
/** Known without a `set`. */
export const givenVariables = ['camera'] as const

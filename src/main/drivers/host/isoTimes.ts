/** The notation of times on the wire. */
export const isoTimes = {
  toMs: (text: string): number => Date.parse(text),
  toText: (ms: number): string => new Date(ms).toISOString(),
} as const

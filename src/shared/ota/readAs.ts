import type { z } from 'zod'

/** What a schema makes of it, or an error with the first thing that is wrong, in words that name the field. */
export function readAs<T>(schema: z.ZodType<T>, value: unknown, refuse: (wrong: string) => Error): T {
  const found = schema.safeParse(value)
  if (found.success) return found.data
  const [issue] = found.error.issues
  const where = issue?.path.map(String).join('.') ?? ''
  const message = issue?.message ?? 'it cannot be read'
  const is = issue?.code === 'invalid_type' && /undefined/.test(message) ? 'is missing' : message.startsWith('is ') ? message : `is wrong (${message})`
  throw refuse(`${where === '' ? 'it' : `"${where}"`} ${is}`)
}

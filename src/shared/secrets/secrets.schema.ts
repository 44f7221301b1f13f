import { z } from 'zod'

/** What seals a text so that only this user of this computer can open it. */
export interface KeyVault {
  /** Whose it is, for a person: "the keychain of macOS". */
  readonly label: string
  /** False where its key lies beside the lock; that is then said. */
  readonly isProtected: boolean
  seal(text: string): Uint8Array
  open(sealed: Uint8Array): string
}

/** Where passwords are kept; never what they are. */
export const secretsPlaceSchema = z.object({
  kind: z.enum(['keychain', 'file']),
  isProtected: z.boolean(),
  /** A sentence or two for a person. */
  words: z.string(),
  path: z.string(),
  count: z.number().int(),
  /** In the keychain, and so closed to a host without a window. */
  sealedCount: z.number().int(),
  /** What was mended, or could not be. */
  notices: z.array(z.string()),
})
export type SecretsPlace = z.infer<typeof secretsPlaceSchema>

import { z } from 'zod'

const bytes = z.number().int().min(0)

export const diffRequestSchema = z.object({
  /** Each a folder of a dump, an image of the whole flash, or an ipctool backup. */
  pathA: z.string().min(1).max(4096),
  pathB: z.string().min(1).max(4096),
  /** Where the partitions are, when neither of the two knows. */
  mtdparts: z.string().max(4096).optional(),
})
export type DiffRequest = z.infer<typeof diffRequestSchema>

/** One letter for each 64 KiB of flash. */
export const sectorSigns = { same: '=', blank: '-', different: 'x', onlyInA: 'a', onlyInB: 'b', nowhere: '.' } as const

export const dumpDiffSchema = z.object({
  a: z.object({ path: z.string(), kind: z.enum(['folder', 'image', 'ipctool']), totalBytes: bytes, warnings: z.array(z.string()) }),
  b: z.object({ path: z.string(), kind: z.enum(['folder', 'image', 'ipctool']), totalBytes: bytes, warnings: z.array(z.string()) }),
  /** Every byte of the one is in the other, at the same place. */
  same: z.boolean(),
  /** In both of them. */
  comparedBytes: bytes,
  differingBytes: bytes,
  partitions: z.array(z.object({
    name: z.string(),
    offsetBytes: bytes,
    lengthBytes: bytes,
    state: z.enum(['same', 'different', 'only-in-a', 'only-in-b']),
    differingBytes: bytes,
    onlyInABytes: bytes,
    onlyInBBytes: bytes,
    differingSectors: z.number().int().min(0),
    /** Offset in flash. */
    firstDifference: bytes.optional(),
  })),
  sectorBytes: bytes,
  /** A sign of `sectorSigns` for each sector, from the start of the flash. */
  sectors: z.string(),
  environment: z.object({
    /** Offset in flash; absent where none with a right checksum was found. */
    offsetInA: bytes.optional(),
    offsetInB: bytes.optional(),
    variables: z.number().int().min(0),
    changes: z.array(z.object({
      name: z.string(),
      kind: z.enum(['added', 'removed', 'changed']),
      a: z.string().optional(),
      b: z.string().optional(),
      /** The values are secrets and not shown. */
      isSecret: z.boolean(),
    })),
  }),
})
export type DumpDiff = z.infer<typeof dumpDiffSchema>

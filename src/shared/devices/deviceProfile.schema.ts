import { z } from 'zod'

const hex = z.string().regex(/^0x[0-9a-fA-F]{1,8}$/).transform((text) => Number(text))
const stepBytes = z.array(z.number().int().min(0).max(255)).max(4096).transform((list) => Uint8Array.from(list))

/** The public recovery tool's profile file: three addresses (step, SPL, payload) and the DDR steps, which are vendor machine code. */
export const bootProfileSchema = z.object({
  name: z.string().max(64),
  DDRSTEP0: stepBytes,
  PRESTEP0: stepBytes.optional(),
  PRESTEP1: stepBytes.optional(),
  ADDRESS: z.tuple([hex, hex, hex]),
  FILELEN: z.tuple([hex, hex]),
  SRAMLIMIT: hex.optional(),
})
export type BootProfile = z.infer<typeof bootProfileSchema>

/** Name of a file beside the profile: no folder, no drive, nothing hidden. */
export const splBlobNameSchema = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/, 'must be the name of a file in the same folder')

/** The same file as a whole: variants override some of its keys, and a ready SPL may lie beside it. */
export const profileFileSchema = z.looseObject({
  SPL_BLOB: splBlobNameSchema.optional(),
  variants: z.record(z.string().regex(/^[a-z0-9_-]{1,32}$/, 'must be small letters and digits'), z.record(z.string().max(32), z.unknown())).optional(),
})

/** Figures of one chip, as they ship in resources/soc.json. Addresses are numbers. */
export const socSchema = z.object({
  name: z.string().regex(/^[a-z0-9_-]{2,32}$/),
  protocol: z.enum(['standard', 'v500', 'cv6xx']),
  stepAddress: z.number(),
  splAddress: z.number(),
  payloadAddress: z.number(),
  splWindowBytes: z.number(),
  sramLimitBytes: z.number().optional(),
  /** Steps the boot ROM wants, with their lengths; the bytes come from the user's profile. */
  prestep0Bytes: z.number(),
  ddrstep0Bytes: z.number(),
  prestep1Bytes: z.number(),
  ramBase: z.number().optional(),
  /** RAM base + 32 MiB: U-Boot lives below and above. Absent where nobody knows the RAM base. */
  loadAddress: z.number().optional(),
  /** File name of its U-Boot in the public release, without `u-boot-` and `-universal.bin`. */
  ubootName: z.string().optional(),
  /** The boot ROM hangs inside a frame that holds twelve ff bytes in a row. */
  ffRunHangs: z.boolean().optional(),
  /** Build of the flash agent that runs on this chip. */
  agent: z.string().regex(/^[a-z0-9]{2,32}$/).optional(),
})
export type Soc = z.infer<typeof socSchema>

export const socCatalogueSchema = z.array(socSchema)

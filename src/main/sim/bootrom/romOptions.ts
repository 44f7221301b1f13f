export type RomFamily = 'standard' | 'v500' | 'cv6xx'

/** Where things go on this chip. */
export interface RomLayout {
  readonly stepAddress: number
  readonly splAddress: number
  readonly payloadAddress: number
  /** What fits behind the SPL address. */
  readonly sramBytes: number
}

/** Each one is a way in which a real chip or line is odd; none at all is a healthy chip on a good line. */
export interface RomQuirks {
  /** How long the markers come; default 100. */
  readonly windowMs?: number
  /** The first so many starts go past the boot ROM. */
  readonly missedStarts?: number
  /** Nobody is there. */
  readonly silent?: boolean
  /** PRESTEP0 chips: only AA directly before a HEAD wakes it, at the start and after the SPL. */
  readonly wantsBlast?: boolean
  /** Code of this kind takes over at once and does not acknowledge its TAIL. */
  readonly silentTails?: readonly ('step' | 'spl' | 'payload')[]
  /** Asks with markers again after each step. */
  readonly asksAgain?: boolean
  /** The first so many answers are FE instead of AA. */
  readonly feAnswers?: number
  /** Instead of AA, as some drivers of macOS deliver it. */
  readonly ackByte?: number
  /** Hangs in a DATA frame with twelve FF in a row. */
  readonly hangsOnFfRun?: boolean
  /** Every so many-th answer is lost on its way. */
  readonly loseEveryAck?: number
  /** Every so many-th frame is lost on its way. */
  readonly loseEveryFrame?: number
  /** The first answer takes so long (hi3516av200: 100). */
  readonly firstAnswerMs?: number
  /** Every so many-th answer takes `lateMs`. */
  readonly lateEvery?: number
  readonly lateMs?: number
  /** Before every answer. */
  readonly noise?: Uint8Array
  /** Each frame of V500 and CV6xx is rejected so many times first. */
  readonly rejections?: number
  /** In the first so many starts this code hangs. */
  readonly hangs?: { readonly in: 'step' | 'spl'; readonly starts: number }
  readonly board?: { readonly cpuId: number; readonly boardId: number; readonly wrongCrc?: boolean } | 'silent'
  readonly chipId?: number
  /** The V500 answer comes with a pause in the middle. */
  readonly answerInTwo?: boolean
}

export interface RomOptions {
  readonly family: RomFamily
  readonly layout: RomLayout
  readonly quirks?: RomQuirks
}

/** hi3516ev300 and its relatives. */
export const evFamilyRom: RomOptions = {
  family: 'standard',
  layout: { stepAddress: 0x0401_3000, splAddress: 0x0401_0500, payloadAddress: 0x4100_0000, sramBytes: 0x8000 },
}
export const v500Rom: RomOptions = { family: 'v500', layout: { stepAddress: 0, splAddress: 0x2000, payloadAddress: 0x4100_0000, sramBytes: 0x10_0000 } }
export const cv6xxRom: RomOptions = { family: 'cv6xx', layout: { stepAddress: 0x0402_0000, splAddress: 0x4100_0000, payloadAddress: 0x4100_0000, sramBytes: 0x10_0000 } }

/** One image that arrived whole, in order. */
export interface RomUpload {
  readonly address: number
  readonly bytes: Uint8Array
}

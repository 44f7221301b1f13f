import type { BatchSummary } from '../batch/batchView.schema.ts'
import type { CaptureSession } from '../captures/captures.schema.ts'
import type { JobSummary } from '../contracts/workbench.contract.ts'
import type { CameraView } from '../rack/rackView.schema.ts'
import type { WhyNot } from '../rack/whyNot.schema.ts'
import type { Keys } from './keys.ts'

/** What a command is about. */
export interface Targets {
  readonly window: WindowFacts
  readonly camera: CameraView
  readonly cameras: readonly CameraView[]
  readonly job: JobSummary
  readonly session: CaptureSession
}
export type Place = keyof Targets

export interface WindowFacts {
  readonly hasDemo: boolean
  readonly pods: number
  readonly chosen: number
  /** Only cameras of one state are shown. */
  readonly isFiltered: boolean
  readonly isPanelOpen: boolean
  readonly isLinkLost: boolean
  readonly isReading: boolean
  readonly isRackShown: boolean
  /** Of the batch that is open; absent where none is looked at. */
  readonly batch?: BatchSummary['state'] | undefined
  readonly rackShape: 'grid' | 'elevation'
  /** How many steps of the zoom are left. */
  readonly nearer: number
  readonly farther: number
}

export const commandGroups = ['General', 'Go to', 'Rack', 'Camera', 'Power', 'Console', 'Several cameras', 'Job', 'Captures', 'Updates', 'Fleet'] as const
export type CommandGroup = (typeof commandGroups)[number]

/** Why not, or what to know of it; the words are those of the tabs. */
export type Standing = Pick<WhyNot, 'cannot' | 'sentence' | 'next'>

export interface CommandOn<P extends Place> {
  /** Never changed: people's recent commands are kept by it. */
  readonly id: `${string}.${string}`
  readonly on: P
  readonly group: CommandGroup
  readonly title: string
  /** Where there is room for one word only. */
  readonly word?: string
  /** One line for somebody who does not know it. */
  readonly about: string
  readonly keys?: readonly Keys[]
  /** `plan`: it shows what will be lost and asks there. `at-once`: it has no place of its own to ask in, so it is asked before it runs. */
  readonly destructive?: 'plan' | 'at-once'
  /** It goes to a place that says more about why not, so it runs also then. */
  readonly explains?: true
  /** The same from the command line: its words, and the options that it is used with. */
  readonly cli?: { readonly words: string; readonly options: string }
  /** Absent: always. `undefined`: nothing is in the way. */
  readonly available?: (target: Targets[P]) => Standing | undefined
}
export type Command = { readonly [P in Place]: CommandOn<P> }[Place]

export const not = (sentence: string, next = ''): Standing => ({ cannot: true, sentence, next })

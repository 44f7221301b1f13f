import type { OnOffPower, PowerState } from './power.ts'
import type { PowerSpec } from './powerSpec.schema.ts'

/** One outlet as its unit tells of it now. */
export interface UnitPort {
  readonly port: string
  /** What somebody wrote beside it; empty for nothing. */
  readonly comment: string
  /** `none`: an outlet that gives no power at all. */
  readonly state: PowerState | 'none'
  readonly watts?: number
  readonly link?: 'up' | 'down'
  /** Why it is never cut to find out whose it is: the way to the rest of the network, or nobody draws there. */
  readonly why?: string
}

/** A switch with several outlets that the rack knows, because at least one of them is written down for a camera. */
export interface PortUnit {
  /** One text for one unit, whoever wrote it down: "routeros 10.0.0.2". */
  readonly id: string
  readonly label: string
  readonly kind: PowerSpec['kind']
  /** `typed`: the unit has no list, and a person says which outlets it has. */
  readonly lists: 'itself' | 'typed'
  /** Reads and switches nothing. `typed` where the unit has no list of its own. */
  look(typed: readonly string[], signal: AbortSignal): Promise<readonly UnitPort[]>
  power(port: string): OnOffPower
  /** The outlet as it is written down for a camera; the password goes its own way. */
  specOf(port: string): PowerSpec
  /** Whether that is an outlet of this very unit. */
  owns(spec: PowerSpec): boolean
  /** Outlets that this way of writing one down may mean: several where a comment fits more than one. Empty for another unit's. */
  meant(spec: PowerSpec, ports: readonly UnitPort[]): readonly string[]
  /** Gives the connection back; switches nothing. */
  close(): Promise<void>
}

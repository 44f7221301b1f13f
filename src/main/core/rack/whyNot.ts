import type { Soc } from '../../../shared/devices/deviceProfile.schema.ts'
import { fitPower, type OfferedPower, type PoweredWork, powerNeedOf } from '../../../shared/devices/powerNeeds.ts'
import type { CameraView } from '../../../shared/rack/rackView.schema.ts'
import { type WhyNot, type WorkKind, workKinds } from '../../../shared/rack/whyNot.schema.ts'
import type { ChipNeed } from '../profiles/chipCatalogue.ts'

/** What is known of a chip and of this computer before a camera is touched. */
export interface StartFacts {
  /** `undefined` for a chip that the catalogue does not have. */
  readonly soc: Pick<Soc, 'name' | 'protocol' | 'loadAddress'> | undefined
  /** Boot files that are missing. */
  readonly needs: readonly ChipNeed[]
  /** This computer has an address that a camera could reach. */
  readonly hasNetwork: boolean
}

export interface AbilityFacts extends StartFacts {
  readonly chip: string
  readonly hasPod: boolean
  readonly power: OfferedPower
  readonly console: Pick<CameraView, 'console' | 'consoleNote'>
  /** Set aside for maintenance, in words. */
  readonly aside?: string | undefined
}

type Reason = Omit<WhyNot, 'work'>
type Booted = 'restore' | 'dump' | 'burn' | 'install'

const cannot = (sentence: string, next: string, fix?: WhyNot['fix']): Reason => ({ cannot: true, sentence, next, ...(fix === undefined ? {} : { fix }) })
const careful = (sentence: string, next: string, fix?: WhyNot['fix']): Reason => ({ cannot: false, sentence, next, ...(fix === undefined ? {} : { fix }) })

/** At most one reason for each kind of work: the first that keeps it from working, else the first that a person should know. */
export function whyNots(facts: AbilityFacts): readonly WhyNot[] {
  return workKinds.flatMap((work) => {
    const reasons = reasonsOf(work, facts)
    const worst = reasons.find((each) => each.cannot) ?? reasons[0]
    return worst ? [{ work, ...worst }] : []
  })
}

function reasonsOf(work: WorkKind, facts: AbilityFacts): readonly Reason[] {
  switch (work) {
    case 'restore': case 'dump': case 'burn': case 'install': return [...ofMaintenance(facts), ...ofChip(work, facts), ...ofFiles(work, facts), ...ofNetwork(work, facts), ...ofPower(work, facts)]
    case 'power': return ofSwitch(facts)
    case 'console': return ofConsole(facts)
  }
}

const ofMaintenance = ({ aside }: AbilityFacts): readonly Reason[] => (aside === undefined ? [] : [cannot(`${aside}.`, 'End its maintenance under Details when it is ready.')])

function ofChip(work: Booted, { soc, chip, hasPod }: AbilityFacts): readonly Reason[] {
  if (!soc) return [cannot(`Nobody knows the figures of the chip "${chip.slice(0, 40)}".`, 'Take the camera out of the rack and add it again with a chip of the list.')]
  if (hasPod && soc.protocol !== 'standard') return [cannot(`${soc.name} speaks the ${soc.protocol.toUpperCase()} boot protocol, which a rack pod cannot.`, 'Reach its UART without the pod: a serial adapter, tcp:// or rfc2217://.')]
  if (work !== 'burn' && soc.loadAddress === undefined) return [cannot(`Nobody knows where the RAM of ${soc.name} begins, so there is no safe place for an image.`, 'A U-Boot can still be loaded into its RAM, and worked with by hand on the console.')]
  return []
}

/** A camera without a pod may have a U-Boot of its own that can be stopped. */
const mayStopOwn = (work: Booted, { hasPod }: AbilityFacts): boolean => !hasPod && (work === 'restore' || work === 'dump')

function ofFiles(work: Booted, facts: AbilityFacts): readonly Reason[] {
  const { needs } = facts
  if (needs.length === 0) return []
  const missing = needs.map((need) => `a ${need}`).join(' and ')
  const next = needs.includes('profile') ? 'Import the boot files of this chip under Settings.' : 'Fetch the U-Boot of this chip under Settings.'
  if (mayStopOwn(work, facts)) return [careful(`Without ${missing} the camera's own U-Boot is stopped, so it has to have one that works.`, next, 'boot-files')]
  return [cannot(`The boot ROM of this chip needs ${missing}, which the data folder does not have.`, next, 'boot-files')]
}

function ofNetwork(work: Booted, { hasPod, hasNetwork }: AbilityFacts): readonly Reason[] {
  if (hasNetwork || work === 'burn') return []
  const next = 'Connect this computer to the network of the camera, with an IPv4 address.'
  if (work === 'dump') return [careful('This computer has no network address, so the flash is printed on the console, which takes hours.', next)]
  return hasPod ? [] : [cannot('This computer has no network address, and images reach a camera over Ethernet only.', next)]
}

function ofPower(work: Booted, facts: AbilityFacts): readonly Reason[] {
  // A pod does the whole sequence by itself, and the camera's own U-Boot is stopped by whoever stands beside it.
  if (facts.hasPod) return []
  const isOwn = facts.needs.length > 0 && mayStopOwn(work, facts)
  const fit = fitPower(powerNeedOf(poweredWorkOf[work]), isOwn ? undefined : facts.power, true)
  if (!fit.fits) return [cannot(`${fit.reason}.`, `${fit.hint}.`, 'power')]
  if (!fit.byHand) return []
  return [careful('The job asks you to switch this camera off and on, and goes on by itself when it starts.', 'Stay beside it, or choose a switch that does it.', 'power')]
}

/** A dump is started as a restore is. */
const poweredWorkOf: Readonly<Record<Booted, PoweredWork>> = { restore: 'restore', dump: 'restore', burn: 'burn', install: 'install' }

function ofSwitch({ power }: AbilityFacts): readonly Reason[] {
  if (power === undefined || power.ability === 'manual') return [cannot('Nobody but you can switch this camera; a job says when.', 'Choose a switch, a plug or a command that does it.', 'power')]
  if (power.ability === 'cycle-only') return [careful(`${power.label} can only cut the power for a moment; off and on by themselves are not there.`, 'Choose another switch if the camera has to stay off.', 'power')]
  return []
}

function ofConsole({ console }: AbilityFacts): readonly Reason[] {
  if (console.console === 'lent') return [careful('A job has the console, so nothing can be typed.', 'Wait for its end, or cancel it.')]
  if (console.console === 'released') return [cannot(`The console is ${console.consoleNote}.`, 'Take it back when that program has closed the line.')]
  if (console.console !== 'closed') return []
  return [cannot(`The console is not connected${console.consoleNote === '' ? '' : `: ${console.consoleNote}`}.`, 'It is tried again by itself; look at the cable and at who else has the line.')]
}

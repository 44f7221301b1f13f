import type { FastbootPhase } from '../../shared/devices/rackPod.ts'
import type { SimAgentOddities } from './agent/agentOddities.ts'

export interface CommandAnswer {
  readonly text: string
  readonly exitCode: number
}

/** Where a device may be odd. Each hook says nothing (`undefined`) for "as a healthy one does". */
export interface SimHooks {
  /** What really lands in the cells of one page. */
  onProgram(offsetBytes: number, page: Uint8Array): Uint8Array | undefined
  /** Answers instead of the command. */
  onCommand(words: readonly string[]): CommandAnswer | undefined
  /** Power goes after so many bytes of this `sf write`. */
  onFlashWrite(offsetBytes: number, lengthBytes: number): number | undefined
  /** Nothing arrives in RAM, or one bit of the byte at `wrongOffset` is another. */
  onFlashRead(offsetBytes: number, lengthBytes: number): 'stale' | { readonly wrongOffset: number } | undefined
  /** What really lands in one page of a NAND. */
  onNandProgram(offsetBytes: number, page: Uint8Array): Uint8Array | undefined
  /** The block stays as it is, and `nand erase` says OK at its end all the same. */
  onNandErase(offsetBytes: number): 'fails' | 'lies' | undefined
  /** `saveenv` writes nothing, and says that it did or that it could not. */
  onSaveenv(): 'lies' | 'fails' | undefined
  /** A build that keeps its variables in the NAND. */
  environmentIn(): 'nand' | undefined
  onUbiCreate(): 'no-space' | undefined
  /** Numbers of NAND blocks. */
  badBlocks(): readonly number[] | undefined
  /** One block on the wire between TFTP server and camera. */
  onTftpBlock(): 'lost' | undefined
  /** Nothing comes after so many bytes. */
  onTransfer(lengthBytes: number): number | undefined
  onConsoleBytes(bytes: Uint8Array): Uint8Array | undefined
  /** `sentBytes` is what this bridge has carried to the host so far. */
  onBridgeBytes(sentBytes: number): 'drop' | undefined
  onStage(lengthBytes: number): 'oom' | undefined
  onStoreRequest(fastbootRuns: boolean): 'busy' | undefined
  /** In the middle of an upload to the boot ROM. */
  onFastboot(): 'restarts' | undefined
  onFastbootPhase(phase: FastbootPhase): string | undefined
  onPrompt(): 'silent' | undefined
  onAutoboot(): 'deaf' | undefined
  onKernelStart(): 'panic' | undefined
  onReset(): 'silent' | undefined
  onHttpRequest(): number | undefined
  bridgeIdleMs(): number | undefined
  maxFiles(): number | undefined
  flashBytes(): number | undefined
  /** Erasing and programming take this many times as long. */
  flashSlowness(): number | undefined
  ramSurvives(): true | undefined
  leftovers(): readonly { readonly name: string; readonly lengthBytes: number }[] | undefined
  socName(): string | undefined
  /** Maker and device, where its U-Boot tells them as the vendors' builds do: `c22018`. */
  probedId(): string | undefined
  /** What its U-Boot calls itself, whatever was loaded. */
  ubootVersion(): string | undefined
  /** Instead of its picture: nothing, bytes without end, or a page of text. */
  onSnapshot(): 'silent' | 'endless' | 'text' | undefined
  /** How the flash agent of this camera is odd. */
  onAgent(): SimAgentOddities | undefined
  /** Numbers of sectors of the NOR that no flash agent can read, or reads differently each time. */
  deadSectors(): readonly number[] | undefined
  unstableSectors(): readonly number[] | undefined
}

/** One oddity. The first behaviour that answers wins; none at all is a healthy rack. */
export type SimBehaviour = Partial<SimHooks>

export interface Behaviours {
  ask<Hook extends keyof SimHooks>(hook: Hook, ...args: Parameters<SimHooks[Hook]>): ReturnType<SimHooks[Hook]> | undefined
  /** `times`: how many answers it gives before it is healthy again. */
  add(behaviour: SimBehaviour, times?: number): void
  clear(): void
}

export function createBehaviours(): Behaviours {
  let entries: { readonly behaviour: SimBehaviour; left: number }[] = []
  return {
    ask: <Hook extends keyof SimHooks>(hook: Hook, ...args: Parameters<SimHooks[Hook]>) => {
      for (const entry of entries) {
        const answerer = entry.behaviour[hook] as ((...all: Parameters<SimHooks[Hook]>) => ReturnType<SimHooks[Hook]>) | undefined
        const answer = entry.left > 0 ? answerer?.(...args) : undefined
        if (answer === undefined) continue
        entry.left -= 1
        return answer
      }
      return undefined
    },
    add: (behaviour, times = Infinity) => { entries.push({ behaviour, left: times }) },
    clear: () => { entries = [] },
  }
}

import { fillDense } from '../timing.ts'

const mark = new TextEncoder().encode('RACKBENCH SIMULATED FLASH AGENT\n')
/** About what real agents have. */
const binaryBytes = 17 * 1024

/** Text and noise in the place of a flash agent: no chip runs it, and a simulated camera that gets it as its payload runs the simulated agent. */
export function simAgentBinary(): Uint8Array {
  const binary = fillDense(new Uint8Array(binaryBytes), 0xa6)
  binary.set(mark)
  return binary
}

export const isSimAgentBinary = (payload: Uint8Array): boolean => payload.length === binaryBytes && mark.every((byte, index) => payload[index] === byte)

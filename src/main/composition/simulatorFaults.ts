/** Apart from the simulator itself, so that a list of commands does not load it. */
export { listFaults } from '../sim/faults.ts'

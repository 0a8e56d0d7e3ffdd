/** Something that must never happen: the core or the simulation broke the contract. Ends the run. */
export class Fault extends Error {}

import { DESCRIPTOR, DESCRIPTOR_LENGTH } from "../generated/elements/mp4src";
import { newFactory } from "../registry/factory";

export function register(): void {
  newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, 0);
}

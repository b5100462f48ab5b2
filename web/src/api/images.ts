/** The image catalogue. */
import { useQuery } from "@tanstack/react-query";
import { members } from "./http";
import type { Image } from "./types";

export function useImages() {
  return useQuery({ queryKey: ["images"], queryFn: () => members<Image>("/redfish/v1/Oem/Lightsout/Images") });
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// bidRequest is the part of OpenRTB 2.5 that this bidder looks at.
type bidRequest struct {
	ID  string `json:"id"`
	Imp []struct {
		ID       string  `json:"id"`
		Bidfloor float64 `json:"bidfloor"`
		Banner   *struct {
			W int `json:"w"`
			H int `json:"h"`
		} `json:"banner"`
	} `json:"imp"`
}

// bid answers 200 with a bid for every impression whose floor is not above our price, 204 when there is none, 400 for
// what is no bid request, 503 while the database is away.
func (a *app) bid(w http.ResponseWriter, r *http.Request) {
	if !a.faults.now().connected() {
		answer(w, http.StatusServiceUnavailable, map[string]any{"error": "database is disconnected"})
		return
	}
	var asked bidRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&asked); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "body is no JSON of a bid request"})
		return
	}
	if problem := asked.problem(); problem != "" {
		answer(w, http.StatusBadRequest, map[string]any{"error": problem})
		return
	}
	bids := []map[string]any{}
	for _, imp := range asked.Imp {
		if imp.Bidfloor <= a.bidPrice {
			bids = append(bids, map[string]any{"id": asked.ID + "-" + imp.ID, "impid": imp.ID, "price": a.bidPrice,
				"crid": "sample", "adomain": []string{"shop.example"}, "w": imp.Banner.W, "h": imp.Banner.H})
		}
	}
	if len(bids) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, http.StatusOK, map[string]any{"id": asked.ID, "cur": "USD",
		"seatbid": []map[string]any{{"seat": "shop", "bid": bids}}})
}

// problem is empty for a request that can be answered, else one sentence's worth of what is wrong.
func (b bidRequest) problem() string {
	if b.ID == "" {
		return "id is missing"
	}
	if len(b.Imp) == 0 {
		return "imp is empty, must hold at least one impression"
	}
	for i, imp := range b.Imp {
		switch {
		case imp.ID == "":
			return fmt.Sprintf("imp[%d].id is missing", i)
		case imp.Bidfloor < 0:
			return fmt.Sprintf("imp[%d].bidfloor is %g, must be 0 or more", i, imp.Bidfloor)
		case imp.Banner == nil || imp.Banner.W <= 0 || imp.Banner.H <= 0:
			return fmt.Sprintf("imp[%d].banner must have a width and a height", i)
		}
	}
	return ""
}
